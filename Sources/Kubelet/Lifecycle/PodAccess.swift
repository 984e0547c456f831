import CoreV1
import KubernetesAPI

/// Short names for what nearly every step asks of a pod.
extension Pod {
    var uid: String { metadata.uid ?? "" }
    var name: String { metadata.name ?? "" }
    var namespace: String { metadata.namespace ?? "" }
    var usesHostNetwork: Bool { spec.hostNetwork ?? false }
    var isBeingDeleted: Bool { metadata.deletionTimestamp != nil }
    var isTerminal: Bool { status.phase == "Succeeded" || status.phase == "Failed" }

    /// `name_namespace(uid)`, as messages write it.
    var fullName: String { "\(name)_\(namespace)(\(uid))" }

    /// `namespace/name`, as logs write it.
    var key: String { "\(namespace)/\(name)" }

    /// The container of this name in any of the three lists.
    func container(_ name: String) -> (container: Container, kind: ContainerKind)? {
        if let found = spec.containers.first(where: { $0.name == name }) { return (found, .regular) }
        if let found = spec.initContainers.first(where: { $0.name == name }) { return (found, .initialization) }
        if let found = spec.ephemeralContainers.first(where: { $0.name == name }) { return (found.asContainer, .ephemeral) }
        return nil
    }

    /// Every container, in the order init, regular, ephemeral.
    var allContainers: [(container: Container, kind: ContainerKind)] {
        spec.initContainers.map { ($0, .initialization) } + spec.containers.map { ($0, .regular) }
            + spec.ephemeralContainers.map { ($0.asContainer, .ephemeral) }
    }

    /// Seconds a pod is given to end by itself: what its deletion says, else its spec.
    var gracePeriodSeconds: Int64 {
        if let seconds = metadata.deletionGracePeriodSeconds, metadata.deletionTimestamp != nil { return max(0, seconds) }
        return max(0, spec.terminationGracePeriodSeconds ?? 30)
    }
}

extension EphemeralContainer {
    /// The fields it shares with every container.
    var asContainer: Container {
        Container {
            $0.name = name
            $0.image = image
            $0.command = command
            $0.args = args
            $0.workingDir = workingDir
            $0.ports = ports
            $0.envFrom = envFrom
            $0.env = env
            $0.resources = resources
            $0.volumeMounts = volumeMounts
            $0.volumeDevices = volumeDevices
            $0.terminationMessagePath = terminationMessagePath
            $0.terminationMessagePolicy = terminationMessagePolicy
            $0.imagePullPolicy = imagePullPolicy
            $0.securityContext = securityContext
            $0.stdin = stdin
            $0.stdinOnce = stdinOnce
            $0.tty = tty
        }
    }
}
