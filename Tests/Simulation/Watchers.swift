import JSON
import Storage
import Synchronization

/// Sees every change of the store as it is made, and says what must never be.
final class Watchers: Sendable {
    private struct Pod {
        var app: String
        var isReady: Bool
        var isDeleting: Bool
    }

    private struct Deployment {
        var replicas: Int64
        /// nil: all may go at once.
        var unavailableMax: Int64?
        var wasWhole = false
    }

    private struct State {
        var pods: [String: Pod] = [:]
        var deployments: [String: Deployment] = [:]
        var budgets: [String: Int64] = [:]
        /// Whose trouble has been told.
        var told: Set<String> = []
        var lastWrite: (time: Duration, key: String) = (.zero, "")
    }

    private let world: World
    private let form: Workload.Form
    private let state = Mutex(State())
    private static let pods = "/registry/pods/default/"
    private static let deployments = "/registry/deployments/default/"
    private static let budgets = "/registry/poddisruptionbudgets/default/"
    /// What is written for as long as anybody lives.
    private static let pulse = ["/registry/leases/", "/registry/masterleases/", "/registry/events/", "/registry/minions/"]

    init(_ world: World, _ form: Workload.Form) {
        self.world = world
        self.form = form
    }

    func begin() throws -> any WatchHandle {
        try world.store.watch(.all, from: world.store.currentRevision) { [self] batch in
            guard case .events(let events, _) = batch else { return }
            for event in events { see(event) }
        }
    }

    /// When something was written last that is not written all the time, and what.
    var lastWrite: (time: Duration, key: String) { state.withLock { $0.lastWrite } }

    private func see(_ event: StoreEvent) {
        let (key, value): (String, [UInt8]?) =
            switch event {
            case .put(let keyValue): (keyValue.key, keyValue.value)
            case .delete(let last, _): (last.key, nil)
            }
        world.trace.absorb(key.utf8)
        world.trace.absorb(value ?? [])
        if !Self.pulse.contains(where: { key.hasPrefix($0) }) {
            state.withLock { $0.lastWrite = (world.clock.uptime, key) }
        }
        let object = value.flatMap { try? JSONValue(parsing: $0) }
        if world.trace.isVerbose { world.trace.note(Self.summary(key, object)) }
        let problems = state.withLock { state -> [String] in
            if key.hasPrefix(Self.deployments) {
                state.deployments[key] = object.map { Self.deployment($0, was: state.deployments[key]) }
            } else if key.hasPrefix(Self.budgets) {
                state.budgets[String(key.dropFirst(Self.budgets.count))] = object?["spec"]?["minAvailable"]?.integerValue
            } else if key.hasPrefix(Self.pods) {
                let before = state.pods[key]
                state.pods[key] = object.map(Self.pod)
                return check(&state, app: state.pods[key]?.app ?? before?.app ?? "", pod: key)
            }
            return []
        }
        for problem in problems { world.trace.violated(problem) }
    }

    private func check(_ state: inout State, app: String, pod: String) -> [String] {
        let available = Int64(state.pods.values.count { $0.app == app && $0.isReady && !$0.isDeleting })
        switch form {
        case .rollouts:
            let key = Self.deployments + app
            guard var deployment = state.deployments[key] else { return [] }
            defer { state.deployments[key] = deployment }
            if available >= deployment.replicas { deployment.wasWhole = true }
            guard deployment.wasWhole, let most = deployment.unavailableMax, available < deployment.replicas - most, state.told.insert(app).inserted
            else { return [] }
            return ["\(app) has \(available) of \(deployment.replicas) available and allows \(most) to be missing (at \(pod))"]
        case .evictions:
            guard let least = state.budgets[app], state.deployments[Self.deployments + app]?.wasWhole ?? false || available >= least else {
                return []
            }
            if available >= least {
                state.deployments[Self.deployments + app]?.wasWhole = true
                return []
            }
            guard state.told.insert(app).inserted else { return [] }
            return ["\(app) has \(available) available, and its budget wants \(least) (at \(pod))"]
        case .everything: return []
        }
    }

    private static func summary(_ key: String, _ object: JSONValue?) -> String {
        guard let object else { return "deleted \(key)" }
        var parts = [key]
        if object["metadata"]?["deletionTimestamp"] != nil { parts.append("deleting") }
        for (path, name) in [
            ("spec", "replicas"), ("status", "replicas"), ("status", "readyReplicas"), ("status", "availableReplicas"), ("status", "phase"),
        ] {
            if let value = object[path]?[name] { parts.append("\(path).\(name)=\(String(decoding: value.serialized(), as: UTF8.self))") }
        }
        if key.hasPrefix("/registry/jobs/"), let status = object["status"] { parts.append(String(decoding: status.serialized(), as: UTF8.self)) }
        if key.hasPrefix(Self.pods) { parts.append(Self.pod(object).isReady ? "ready" : "not ready") }
        return parts.joined(separator: " ")
    }

    private static func pod(_ object: JSONValue) -> Pod {
        let conditions = object["status"]?["conditions"]?.arrayValue ?? []
        return Pod(
            app: object["metadata"]?["labels"]?["app"]?.stringValue ?? "",
            isReady: conditions.contains { $0["type"]?.stringValue == "Ready" && $0["status"]?.stringValue == "True" },
            isDeleting: object["metadata"]?["deletionTimestamp"] != nil)
    }

    private static func deployment(_ object: JSONValue, was: Deployment?) -> Deployment {
        let strategy = object["spec"]?["strategy"]
        let isRolling = strategy?["type"]?.stringValue == "RollingUpdate"
        let most = strategy?["rollingUpdate"]?["maxUnavailable"]?.integerValue ?? 0
        return Deployment(
            replicas: object["spec"]?["replicas"]?.integerValue ?? 1, unavailableMax: isRolling ? most : nil, wasWhole: was?.wasWhole ?? false)
    }
}
