import CoreV1
import KubernetesAPI
import Linux
import NIOHTTP1

/// Serves `/containerLogs/<namespace>/<pod>/<container>`.
struct ContainerLogsHandler: Sendable {
    var services: NodeServices
    var registry: PodRegistry

    func handle(_ request: KubeletRequest, _ parts: [String], _ response: ServerResponse) async throws {
        guard parts.count == 4 else { throw KubeletHTTPError.badRequest("the path must be /containerLogs/<namespace>/<pod>/<container>") }
        guard let entry = registry.entry(namespace: parts[1], name: parts[2]) else {
            throw KubeletHTTPError.notFound("pod \"\(parts[2])\" does not exist")
        }
        let name = parts[3]
        guard entry.pod.container(name) != nil else {
            throw KubeletHTTPError.notFound("container \"\(name)\" not found in pod \"\(parts[2])\"")
        }
        let options = try Self.options(request, now: services.time.now)
        let instance = try Self.instance(entry, name, previous: options.previous)
        guard !instance.logPath.isEmpty else { throw KubeletHTTPError.notFound("container \"\(name)\" in pod \"\(parts[2])\" has no log") }
        let uid = entry.pod.uid
        let streamer = LogStreamer(path: instance.logPath, options: options, time: services.time) { [registry] in
            registry.entry(uid: uid)?.observed.containers.first { $0.id == instance.id }?.state == .running
        }
        if !Files.exists(instance.logPath) {
            throw KubeletHTTPError.notFound("the log of container \"\(name)\" in pod \"\(parts[2])\" is not there any more: \(instance.logPath)")
        }
        try await response.begin(.ok, "text/plain")
        try await streamer.stream { try await response.write($0) }
        try await response.finish()
    }

    /// The instance whose log is asked for.
    /// - Throws: `KubeletHTTPError` in upstream's words when there is none (yet).
    static func instance(_ entry: PodRegistry.Entry, _ name: String, previous: Bool) throws -> ObservedContainer {
        let place = "container \"\(name)\" in pod \"\(entry.pod.name)\""
        let newest = entry.observed.newest(name)
        if previous {
            // While a container waits for its restart its last run is both the newest and the previous one.
            let candidate = newest?.state == .exited && waitingReason(entry.pod, name) != nil ? newest : entry.observed.previous(name)
            guard let found = candidate, found.state == .exited else {
                throw KubeletHTTPError.badRequest("previous terminated \(place) not found")
            }
            return found
        }
        if let newest, newest.state == .running || newest.state == .exited { return newest }
        switch waitingReason(entry.pod, name) {
        case "ErrImagePull": throw KubeletHTTPError.badRequest("\(place) is waiting to start: image can't be pulled")
        case "ImagePullBackOff": throw KubeletHTTPError.badRequest("\(place) is waiting to start: trying and failing to pull image")
        case .some(let reason) where !reason.isEmpty: throw KubeletHTTPError.badRequest("\(place) is waiting to start: \(reason)")
        default: throw KubeletHTTPError.badRequest("\(place) is not available")
        }
    }

    private static func waitingReason(_ pod: Pod, _ name: String) -> String? {
        let all = pod.status.containerStatuses + pod.status.initContainerStatuses + pod.status.ephemeralContainerStatuses
        return all.first { $0.name == name }?.state?.waiting.map { $0.reason ?? "" }
    }

    static func options(_ request: KubeletRequest, now: Timestamp) throws -> LogOptions {
        func number(_ name: String, from minimum: Int64) throws -> Int64? {
            guard let text = request.value(name), !text.isEmpty else { return nil }
            guard let value = Int64(text), value >= minimum else {
                throw KubeletHTTPError(status: .unprocessableEntity, message: "invalid value of \(name): \(text)")
            }
            return value
        }
        var options = LogOptions()
        options.follow = request.flag("follow")
        options.previous = request.flag("previous")
        options.timestamps = request.flag("timestamps")
        options.tailLines = try number("tailLines", from: 0).map { Int(clamping: $0) }
        options.limitBytes = try number("limitBytes", from: 1).map { Int(clamping: $0) }
        if let seconds = try number("sinceSeconds", from: 1) {
            options.since = now + .seconds(-seconds)
        } else if let text = request.value("sinceTime"), !text.isEmpty {
            guard let time = RFC3339.parse(text) else {
                throw KubeletHTTPError(status: .unprocessableEntity, message: "invalid value of sinceTime: \(text)")
            }
            options.since = time
        }
        switch request.value("stream") {
        case "Stdout": options.onlyStream = .stdout
        case "Stderr": options.onlyStream = .stderr
        default: break
        }
        return options
    }
}
