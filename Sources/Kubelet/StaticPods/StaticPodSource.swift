import CoreV1
import KubernetesClient
import Linux
import Logging
import ServiceLifecycle

/// Follows the folder of static pods' manifests and tells which pods there should be.
struct StaticPodSource: ServiceLifecycle.Service {
    /// Files that may be there; a folder with more of them is not one of manifests.
    static let filesMax = 1000
    /// The folder is cheap to look at, and what stands there is the control plane: a change counts soon.
    static let longestPause: Duration = .seconds(1)

    var folder: String
    var nodeName: String
    var period: Duration
    var time: TimeSource
    var logger: Logger
    /// All static pods, each time something has changed, and once at the beginning.
    var tell: @Sendable ([Pod]) -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var present: [String: Manifest]?
            while !Task.isCancelled {
                let found = read(present ?? [:])
                if found.mapValues(\.bytes) != present?.mapValues(\.bytes) {
                    // Two files of one pod would have two workers with one name: the first counts.
                    var names: Set<String> = []
                    tell(found.sorted { $0.key < $1.key }.compactMap(\.value.pod).filter { names.insert($0.key).inserted })
                }
                present = found
                do { try await time.sleep(min(period, Self.longestPause)) } catch { return }
            }
        }
    }

    private struct Manifest {
        var bytes: [UInt8]
        /// Nil when the file is no manifest.
        var pod: Pod?
        /// Why it could not be read the last time.
        var problem: String?
    }

    /// Names that begin with a dot are left out, as upstream does; an editor's or our own unfinished files bear such names.
    private func read(_ before: [String: Manifest]) -> [String: Manifest] {
        guard let names = try? Files.list(folder) else { return [:] }
        var found: [String: Manifest] = [:]
        for name in names.prefix(Self.filesMax) where !name.hasPrefix(".") && !name.contains(".tmp") {
            let path = "\(folder)/\(name)"
            let bytes: [UInt8]
            do {
                guard let present = try StaticPodManifest.read(path) else { continue }
                bytes = present
            } catch {
                let known = before[path]
                if known?.problem != "\(error)" {
                    logger.error("a static pod's manifest cannot be read", metadata: ["file": "\(path)", "error": "\(error)"])
                }
                found[path] = Manifest(bytes: known?.bytes ?? [], pod: known?.pod, problem: "\(error)")
                continue
            }
            if let known = before[path], known.bytes == bytes, !bytes.isEmpty {
                found[path] = Manifest(bytes: bytes, pod: known.pod)
                continue
            }
            do {
                found[path] = Manifest(bytes: bytes, pod: try StaticPodManifest(nodeName: nodeName).pod(bytes, path: path, seen: time.now))
            } catch {
                logger.error("a static pod's manifest cannot be used", metadata: ["file": "\(path)", "error": "\(error)"])
                // A file that is being written must not end the pod that it described a moment ago.
                found[path] = Manifest(bytes: bytes, pod: before[path]?.pod)
            }
        }
        return found
    }
}
