import CoreV1
import Crypto
import Flags
import Glibc
import JSON
import KubernetesAPI
import Linux

/// Reads a static pod from its manifest file and completes it as the API server would.
struct StaticPodManifest {
    static let sourceAnnotation = "kubernetes.io/config.source"
    static let hashAnnotation = "kubernetes.io/config.hash"
    static let seenAnnotation = "kubernetes.io/config.seen"
    static let mirrorAnnotation = "kubernetes.io/config.mirror"

    /// As upstream: what is larger is no manifest.
    static let bytesMax = 10 << 20

    var nodeName: String

    /// Nil when there is no such file.
    ///
    /// - Throws: `KubeletError` for what is too large and for what is no file, which could fill the memory or never end.
    static func read(_ path: String) throws -> [UInt8]? {
        // Not waiting: opening a pipe would wait for whoever writes into it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemError("read", path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw KubeletError("\(path) is not a file") }
        let bytes = try Files.readAll(descriptor, path, limit: bytesMax + 1)
        guard bytes.count <= bytesMax else { throw KubeletError("\(path) is larger than \(bytesMax) bytes") }
        return bytes
    }

    /// - Throws: `KubeletError` or `FlagProblem` naming the file and what is wrong with it.
    func pod(_ bytes: [UInt8], path: String, seen: Timestamp) throws -> Pod {
        let tree = try YAMLTree.read(String(decoding: bytes, as: UTF8.self), path: path)
        guard tree["kind"]?.stringValue == "Pod", tree["apiVersion"]?.stringValue == "v1" else {
            throw KubeletError("\(path): a static pod's manifest must have apiVersion: v1 and kind: Pod")
        }
        var pod: Pod
        do {
            pod = try Pod(tree: tree)
        } catch {
            throw KubeletError("\(path): \(error)")
        }
        guard let name = pod.metadata.name, !name.isEmpty else { throw KubeletError("\(path): metadata.name is missing") }
        guard !pod.spec.containers.isEmpty else { throw KubeletError("\(path): spec.containers is missing") }
        // Another text, file or node: another pod.
        let digest = Insecure.MD5.hash(data: Array("host:\(nodeName)\nfile:\(path)\n".utf8) + bytes)
        let hash = digest.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
        pod.metadata.uid = hash
        pod.metadata.name = "\(name)-\(nodeName)"
        if pod.namespace.isEmpty { pod.metadata.namespace = "default" }
        pod.metadata.annotations[Self.sourceAnnotation] = "file"
        pod.metadata.annotations[Self.hashAnnotation] = hash
        pod.metadata.annotations[Self.seenAnnotation] = "\(seen.time)"
        pod.metadata.resourceVersion = nil
        pod.status = PodStatus()
        complete(&pod)
        return pod
    }

    private func complete(_ pod: inout Pod) {
        pod.spec.nodeName = nodeName
        pod.spec.restartPolicy = pod.spec.restartPolicy ?? "Always"
        pod.spec.dnsPolicy = pod.spec.dnsPolicy ?? "ClusterFirst"
        pod.spec.schedulerName = pod.spec.schedulerName ?? "default-scheduler"
        pod.spec.terminationGracePeriodSeconds = pod.spec.terminationGracePeriodSeconds ?? 30
        pod.spec.enableServiceLinks = pod.spec.enableServiceLinks ?? true
        // No token: a static pod is there before the API is.
        pod.spec.automountServiceAccountToken = false
        pod.spec.tolerations.append(
            Toleration {
                $0.operator = "Exists"
                $0.effect = "NoExecute"
            })
        for index in pod.spec.initContainers.indices { complete(&pod.spec.initContainers[index]) }
        for index in pod.spec.containers.indices { complete(&pod.spec.containers[index]) }
        for index in pod.spec.volumes.indices where pod.spec.volumes[index].hostPath?.type == nil {
            pod.spec.volumes[index].hostPath?.type = ""
        }
    }

    private func complete(_ container: inout Container) {
        let isLatest = ImageReference.isLatest(container.image ?? "")
        container.imagePullPolicy = container.imagePullPolicy ?? (isLatest ? "Always" : "IfNotPresent")
        container.terminationMessagePath = container.terminationMessagePath ?? "/dev/termination-log"
        container.terminationMessagePolicy = container.terminationMessagePolicy ?? "File"
        for index in container.ports.indices { container.ports[index].protocol = container.ports[index].protocol ?? "TCP" }
        for (name, limit) in container.resources?.limits ?? [:] where container.resources?.requests[name] == nil {
            container.resources?.requests[name] = limit
        }
        container.livenessProbe = container.livenessProbe.map(completed)
        container.readinessProbe = container.readinessProbe.map(completed)
        container.startupProbe = container.startupProbe.map(completed)
    }

    private func completed(_ probe: Probe) -> Probe {
        var probe = probe
        probe.timeoutSeconds = probe.timeoutSeconds ?? 1
        probe.periodSeconds = probe.periodSeconds ?? 10
        probe.successThreshold = probe.successThreshold ?? 1
        probe.failureThreshold = probe.failureThreshold ?? 3
        if probe.httpGet?.scheme == nil { probe.httpGet?.scheme = "HTTP" }
        if probe.httpGet?.path == nil { probe.httpGet?.path = "/" }
        return probe
    }
}

extension Pod {
    /// Read from a file of this node rather than from the API.
    var isStatic: Bool { metadata.annotations[StaticPodManifest.sourceAnnotation] == "file" && !isMirror }

    /// What the API shows of a static pod.
    var isMirror: Bool { metadata.annotations[StaticPodManifest.mirrorAnnotation] != nil }
}
