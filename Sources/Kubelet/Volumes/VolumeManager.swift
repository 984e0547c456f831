import CoreV1
import Glibc
import KubernetesAPI
import KubernetesClient
import Linux
import Logging

/// Makes and removes the volumes of pods, in upstream's folder layout.
///
/// What is mounted is read from the kernel and not remembered, so that what an earlier life left behind is cleaned up like our own.
struct VolumeManager: Sendable {
    var configuration: KubeletConfiguration
    var time: TimeSource
    var logger: Logger

    /// A volume that could not be made.
    struct Failure: Error, CustomStringConvertible {
        var volume: String
        var cause: String
        /// As upstream tells it.
        var description: String { "MountVolume.SetUp failed for volume \(Texts.quoted(volume)) : \(cause)" }
    }

    /// Makes every volume that a container mounts; what is there already is left or brought up to date.
    /// - Throws: `Failure` for the first that cannot be made.
    func setUp(_ pod: Pod, _ payload: VolumePayload) async throws {
        try Files.makeDirectory(configuration.podDirectory(pod.uid), mode: 0o750)
        for volume in pod.spec.volumes {
            do {
                try await setUp(volume, pod, payload)
            } catch is CancellationError {
                throw CancellationError()
            } catch let error as APIStatusError {
                throw Failure(volume: volume.name, cause: error.message)
            } catch {
                throw Failure(volume: volume.name, cause: "\(error)")
            }
        }
    }

    /// Brings volumes made from API data up to date. A source that is gone leaves the volume as it was.
    func refresh(_ pod: Pod, _ payload: VolumePayload) async {
        for volume in pod.spec.volumes {
            guard let kind = try? VolumeKind(volume), kind.isRefreshed else { continue }
            do {
                try await setUp(volume, pod, payload)
            } catch {
                logger.info("volume not refreshed", metadata: ["pod": "\(pod.key)", "volume": "\(volume.name)", "error": "\(error)"])
            }
        }
    }

    /// Where the volume lies on the node.
    func path(_ volume: Volume, _ pod: Pod) throws -> String {
        let kind = try VolumeKind(volume)
        if kind == .hostPath { return volume.hostPath?.path ?? "" }
        let path = folder(of: volume, kind, pod)
        guard kind == .claim else { return path }
        guard let target = Files.readLink(path) else { throw KubeletError("volume \(Texts.quoted(volume.name)) is not set up") }
        return target
    }

    private func folder(of volume: Volume, _ kind: VolumeKind, _ pod: Pod) -> String {
        "\(configuration.podDirectory(pod.uid))/volumes/\(kind.rawValue)/\(volume.name)"
    }

    /// Unmounts everything below the pod's folder, deepest first, and removes the volumes' content.
    /// - Throws: `SystemError`; call again later, nothing is half done.
    func tearDown(uid: String) throws {
        let folder = configuration.podDirectory(uid)
        for mount in try Mounts.under(folder) { try Mounts.unmount(mount.path) }
        for part in ["volume-subpaths", "volumes"] { try Files.removeTree(folder + "/" + part) }
    }

    /// Removes the pod's folder. Volumes must have been torn down.
    func removePodFolder(uid: String) throws {
        let folder = configuration.podDirectory(uid)
        if let mount = try Mounts.under(folder).first { throw SystemError("remove the folder below the mount", mount.path, errno: EBUSY) }
        try Files.removeTree(folder)
    }

    /// Pods that have a folder, also from earlier lives.
    func podUIDs() -> Set<String> {
        Set((try? Files.list(configuration.podsDirectory)) ?? [])
    }

    // MARK: One volume

    private func setUp(_ volume: Volume, _ pod: Pod, _ payload: VolumePayload) async throws {
        let kind = try VolumeKind(volume)
        if kind == .claim {
            try await setUpClaim(volume, pod, payload.objects)
            return
        }
        let path = try path(volume, pod)
        if kind == .hostPath {
            try HostPathCheck.prepare(path, type: volume.hostPath?.type ?? "")
            return
        }
        let group = group(of: pod)
        if kind == .emptyDir {
            try setUpEmptyDir(volume, pod, path, group)
            return
        }
        // The content first: a volume whose sources are missing leaves no mount behind.
        guard let files = try await payload.files(volume) else { return }
        try prepareFolder(path, inMemory: kind.isInMemory, options: "mode=0777")
        try AtomicWriter(folder: path, group: group, nowMicroseconds: time.wallMicroseconds()).write(files)
    }

    private func group(of pod: Pod) -> gid_t? { pod.spec.securityContext?.fsGroup.flatMap { gid_t(exactly: $0) } }

    /// Nothing is mounted: a link leads to the folder, and with the pod only the link goes.
    private func setUpClaim(_ volume: Volume, _ pod: Pod, _ objects: any ObjectSource) async throws {
        let link = folder(of: volume, .claim, pod)
        if Files.readLink(link) != nil { return }
        let found = try await ClaimedVolume.find(volume, of: pod, objects)
        if found.takesGroup, let group = group(of: pod) { try VolumeOwnership.apply(found.path, group: group) }
        try Files.makeDirectory(String(link.prefix(link.count - volume.name.count - 1)), mode: 0o750)
        try Files.makeLink(link, to: found.path)
    }

    private func setUpEmptyDir(_ volume: Volume, _ pod: Pod, _ path: String, _ group: gid_t?) throws {
        let isNew = !Files.isDirectory(path)
        let medium = volume.emptyDir?.medium ?? ""
        guard medium == "" || medium == "Memory" else { throw KubeletError("emptyDir medium \(Texts.quoted(medium)) is not supported on this node") }
        var options = "mode=0777"
        if let limit = volume.emptyDir?.sizeLimit?.value, limit > 0 { options += ",size=\(limit)" }
        try prepareFolder(path, inMemory: medium == "Memory", options: options)
        if isNew, let group { try VolumeOwnership.apply(path, group: group) }
    }

    private func prepareFolder(_ path: String, inMemory: Bool, options: String) throws {
        if !Files.isDirectory(path) {
            try Files.makeDirectory(path, mode: 0o750)
            try Files.setMode(path, 0o777)
        }
        if inMemory, try !Mounts.isMountPoint(path) {
            try Mounts.mountTmpfs(path, options: options)
        }
    }
}
