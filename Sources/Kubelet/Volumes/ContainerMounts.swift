import ContainerRuntime
import CoreV1
import Glibc
import Linux

/// The mounts of one container: its volumes, the pod's hosts file and the file for its last words.
struct ContainerMounts {
    var configuration: KubeletConfiguration
    var volumes: VolumeManager
    var pod: Pod
    var container: Container
    /// For `subPathExpr`.
    var environment: [(name: String, value: String)]

    /// - Parameter hostsFile: the pod's hosts file on the node; nil when it has none.
    /// - Throws: `KubeletError` with the reason the container cannot be configured.
    func build(hostsFile: String?) throws -> [CRIMount] {
        var mounts: [CRIMount] = []
        for (index, mount) in container.volumeMounts.enumerated() {
            mounts.append(try volumeMount(mount, index))
        }
        if let hostsFile, !container.volumeMounts.contains(where: { $0.mountPath == "/etc/hosts" }) {
            mounts.append(make(hostsFile, "/etc/hosts", readonly: false))
        }
        if let path = container.terminationMessagePath, !path.isEmpty {
            mounts.append(make(try terminationFile(), path, readonly: false))
        }
        return mounts
    }

    private func volumeMount(_ mount: VolumeMount, _ index: Int) throws -> CRIMount {
        guard let volume = pod.spec.volumes.first(where: { $0.name == mount.name }) else {
            throw KubeletError("cannot find volume \(Texts.quoted(mount.name)) to mount into container \(Texts.quoted(container.name))")
        }
        var source = try volumes.path(volume, pod)
        if let part = try subPath(mount), !part.isEmpty {
            source = try bindSubPath(source, part, mount.name, index, isHostPath: volume.hostPath != nil)
        } else if volume.hostPath != nil && !Files.exists(source) && (volume.hostPath?.type ?? "").isEmpty {
            // As upstream with an untyped hostPath: the runtime would refuse, a folder is made instead.
            try Files.makeDirectory(source, mode: 0o755)
        }
        let target = mount.mountPath.hasPrefix("/") ? mount.mountPath : "/" + mount.mountPath
        var result = make(source, target, readonly: mount.readOnly ?? volume.persistentVolumeClaim?.readOnly ?? false)
        switch mount.mountPropagation {
        case "HostToContainer": result.propagation = .propagationHostToContainer
        case "Bidirectional": result.propagation = .propagationBidirectional
        default: result.propagation = .propagationPrivate
        }
        return result
    }

    private func subPath(_ mount: VolumeMount) throws -> String? {
        let part: String
        if let expression = mount.subPathExpr, !expression.isEmpty {
            let values = Dictionary(environment.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            var missing = false
            part = Expansion.expand(expression) { name in
                if values[name] == nil { missing = true }
                return values[name]
            }
            if missing { throw KubeletError("missing value for \(Texts.quoted(expression))") }
        } else if let plain = mount.subPath, !plain.isEmpty {
            part = plain
        } else {
            return nil
        }
        guard !part.hasPrefix("/") else { throw KubeletError("error SubPath `\(part)` must not be an absolute path") }
        guard Path.staysInside(part) else { throw KubeletError("unable to provision SubPath `\(part)`: must not contain '..'") }
        return part
    }

    /// The part of the volume is bound to a place of our own, so that the container cannot exchange it between our look and the runtime's mount.
    private func bindSubPath(_ root: String, _ part: String, _ volume: String, _ index: Int, isHostPath: Bool) throws -> String {
        let folder = "\(configuration.podDirectory(pod.uid))/volume-subpaths/\(volume)/\(container.name)"
        let target = "\(folder)/\(index)"
        try Files.makeDirectory(folder, mode: 0o750)
        var info = stat()
        let mode: mode_t = stat(root, &info) == 0 ? info.st_mode & 0o7777 : 0o750
        try Mounts.unmount(target)
        return try SafeSubpath.withOpened(root, part, create: mode) { opened in
            if Files.isDirectory(opened) {
                try? Files.remove(target)
                try Files.makeDirectory(target, mode: 0o750)
            } else {
                if Files.isDirectory(target) { try Files.removeEmptyDirectory(target) }
                try Files.write(target, [], mode: 0o640)
            }
            try Mounts.bind(opened, target)
            return target
        }
    }

    /// A new file per instance: what an earlier one said must not be taken for this one's words.
    private func terminationFile() throws -> String {
        let folder = "\(configuration.podDirectory(pod.uid))/containers/\(container.name)"
        try Files.makeDirectory(folder, mode: 0o750)
        let digits = String(UInt32.random(in: .min ... .max), radix: 16)
        let path = folder + "/" + String(repeating: "0", count: 8 - digits.count) + digits
        try Files.write(path, [], mode: 0o666)
        return path
    }

    private func make(_ source: String, _ target: String, readonly: Bool) -> CRIMount {
        var mount = CRIMount()
        mount.hostPath = source
        mount.containerPath = target
        mount.readonly = readonly
        return mount
    }
}
