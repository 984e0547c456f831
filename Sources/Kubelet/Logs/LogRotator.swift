import ContainerRuntime
import Glibc
import KubernetesClient
import Linux
import Logging
import ServiceLifecycle

/// Keeps containers' logs within their limits: a file that has grown too large is moved aside and the runtime opens a new one.
struct LogRotator: Service {
    var runtime: any RuntimeService
    var maxBytes: Int64
    /// Files kept per container, the current one included.
    var maxFiles: Int
    var time: TimeSource
    var logger: Logger
    var interval: Duration = .seconds(10)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await time.sleep(interval)
                    try await rotateAll()
                } catch is CancellationError {
                    return
                } catch {
                    logger.warning("container logs not rotated", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    func rotateAll() async throws {
        var filter = CRIContainerFilter()
        filter.state.state = .containerRunning
        for container in try await runtime.listContainers(filter) where container.labels[RuntimeLabels.podUID] != nil {
            let path = try await runtime.containerStatus(container.id, verbose: false).status.logPath
            guard !path.isEmpty, LogRotator.size(path) > maxBytes else { continue }
            do {
                try await rotate(path, container: container.id)
            } catch {
                logger.warning("container log not rotated", metadata: ["path": "\(path)", "error": "\(error)"])
            }
        }
    }

    private func rotate(_ path: String, container: String) async throws {
        let aside = path + "." + stamp()
        guard rename(path, aside) == 0 else { throw SystemError("rename", path) }
        do {
            try await runtime.reopenContainerLog(container)
        } catch {
            // The runtime still writes to the old file: give it its name back and try another time.
            _ = rename(aside, path)
            throw error
        }
        let folder = Path.parent(path) ?? "/"
        let base = Path.name(path) + "."
        let old = try Files.list(folder).filter { $0.hasPrefix(base) }.sorted()
        for name in old.dropLast(max(0, maxFiles - 1)) { try Files.remove(folder + "/" + name) }
    }

    private static func size(_ path: String) -> Int64 {
        var info = stat()
        return stat(path, &info) == 0 ? Int64(info.st_size) : 0
    }

    private func stamp() -> String {
        var seconds = time_t(time.wallMicroseconds() / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(parts.tm_year + 1900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))-\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))"
    }
}
