import JSON

extension TableView {
    static let pod: TableView = {
        var view = TableView(
            [
                .name,
                Column(name: "Ready", type: "string", description: "How many of the pod's containers are ready, of how many."),
                Column(name: "Status", type: "string", description: "What the pod is doing, from the states of its containers."),
                Column(name: "Restarts", type: "string", description: "How often containers of the pod were restarted, and when last."),
                .age,
                .text("IP", wide: true),
                .text("Node", wide: true),
                .text("Nominated Node", wide: true),
                .text("Readiness Gates", wide: true),
            ], cells: PodTable.cells)
        view.conditions = PodTable.conditions
        return view
    }()
}

/// The row of a pod, as `kubectl get pods` shows it.
enum PodTable {
    @Sendable static func conditions(_ pod: JSONValue) -> [JSONValue] {
        switch pod.text("status", "phase") {
        case "Succeeded":
            [["type": "Completed", "status": "True", "reason": "Succeeded", "message": "The pod has completed successfully."]]
        case "Failed":
            [["type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."]]
        default: []
        }
    }

    @Sendable static func cells(_ pod: JSONValue) -> [TableView.Cell] {
        let summary = Summary(pod)
        return [
            .name,
            .value(.string("\(summary.ready)/\(summary.total)")),
            .value(.string(summary.reason)),
            summary.restarts > 0 && !summary.lastRestart.isEmpty
                ? .restarts(summary.restarts, summary.lastRestart) : .value(.string("\(summary.restarts)")),
            .age,
            .text(address(pod)),
            .text(pod.text("spec", "nodeName")),
            .text(pod.text("status", "nominatedNodeName")),
            .text(gates(pod)),
        ]
    }

    private static func address(_ pod: JSONValue) -> String {
        pod.list("status", "podIPs").first?.text("ip") ?? pod.text("status", "podIP")
    }

    private static func gates(_ pod: JSONValue) -> String {
        let gates = pod.list("spec", "readinessGates")
        if gates.isEmpty { return "" }
        let conditions = pod.list("status", "conditions")
        let met = gates.filter { gate in
            conditions.contains { $0.text("type") == gate.text("conditionType") && $0.text("status") == "True" }
        }
        return "\(met.count)/\(gates.count)"
    }

    struct Summary {
        var reason: String
        var ready = 0
        var total = 0
        var restarts: Int64 = 0
        /// When a container was last restarted, as the object says; empty when none was.
        var lastRestart = ""

        init(_ pod: JSONValue) {
            reason = pod.text("status", "reason")
            if reason.isEmpty { reason = pod.text("status", "phase") }
            let conditions = pod.list("status", "conditions")
            if conditions.contains(where: { $0.text("type") == "PodScheduled" && $0.text("reason") == "SchedulingGated" }) {
                reason = "SchedulingGated"
            }
            total = pod.list("spec", "containers").count
            let restartable = Set(
                pod.list("spec", "initContainers").filter { $0.text("restartPolicy") == "Always" }.map { $0.text("name") })
            total += restartable.count
            var restartsOfSidecars: Int64 = 0
            var lastSidecarRestart = ""
            let initializing = initContainers(pod, restartable, &restartsOfSidecars, &lastSidecarRestart)
            if !initializing || conditions.contains(where: { $0.text("type") == "Initialized" && $0.text("status") == "True" }) {
                mainContainers(pod, conditions, restartsOfSidecars, lastSidecarRestart)
            }
            if !pod.text("metadata", "deletionTimestamp").isEmpty {
                if pod.text("status", "reason") == "NodeLost" {
                    reason = "Unknown"
                } else if !["Failed", "Succeeded"].contains(pod.text("status", "phase")) {
                    reason = "Terminating"
                }
            }
        }

        /// - Returns: whether an init container has not finished yet; the reason then says which.
        private mutating func initContainers(
            _ pod: JSONValue, _ restartable: Set<String>, _ sidecarRestarts: inout Int64, _ lastSidecarRestart: inout String
        ) -> Bool {
            let count = pod.list("spec", "initContainers").count
            for (index, status) in pod.list("status", "initContainerStatuses").enumerated() {
                restarts += status.number("restartCount")
                let finished = status.at("lastState", "terminated")?.text("finishedAt") ?? ""
                if finished > lastRestart { lastRestart = finished }
                let sidecar = restartable.contains(status.text("name"))
                if sidecar {
                    sidecarRestarts += status.number("restartCount")
                    if finished > lastSidecarRestart { lastSidecarRestart = finished }
                }
                if let ended = status.at("state", "terminated"), ended.number("exitCode") == 0 { continue }
                if sidecar, status["started"]?.boolValue == true {
                    if status["ready"]?.boolValue == true { ready += 1 }
                    continue
                }
                if let ended = status.at("state", "terminated") {
                    reason = "Init:" + PodTable.ending(ended)
                } else if let waiting = status.at("state", "waiting"), !waiting.text("reason").isEmpty, waiting.text("reason") != "PodInitializing" {
                    reason = "Init:" + waiting.text("reason")
                } else {
                    reason = "Init:\(index)/\(count)"
                }
                return true
            }
            return false
        }

        private mutating func mainContainers(
            _ pod: JSONValue, _ conditions: [JSONValue], _ sidecarRestarts: Int64, _ lastSidecarRestart: String
        ) {
            restarts = sidecarRestarts
            lastRestart = lastSidecarRestart
            var running = false
            for status in pod.list("status", "containerStatuses").reversed() {
                restarts += status.number("restartCount")
                let finished = status.at("lastState", "terminated")?.text("finishedAt") ?? ""
                if finished > lastRestart { lastRestart = finished }
                if let waiting = status.at("state", "waiting"), !waiting.text("reason").isEmpty {
                    reason = waiting.text("reason")
                } else if let ended = status.at("state", "terminated") {
                    reason = PodTable.ending(ended)
                } else if status["ready"]?.boolValue == true, status.at("state", "running") != nil {
                    running = true
                    ready += 1
                }
            }
            // One container has ended while another runs on.
            if reason == "Completed", running {
                let isReady = conditions.contains { $0.text("type") == "Ready" && $0.text("status") == "True" }
                reason = isReady ? "Running" : "NotReady"
            }
        }
    }

    fileprivate static func ending(_ ended: JSONValue) -> String {
        let reason = ended.text("reason")
        if !reason.isEmpty { return reason }
        let signal = ended.number("signal")
        return signal != 0 ? "Signal:\(signal)" : "ExitCode:\(ended.number("exitCode"))"
    }
}
