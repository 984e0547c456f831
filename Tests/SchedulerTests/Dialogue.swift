import CoreV1
import JSON
import KubernetesAPI
import PolicyV1
import Testing

@testable import Scheduler

/// Plays a script against a scheduler's core and returns what it decided, one line each.
///
/// Commands, one a line:
/// - `node NAME [cpu=4] [memory=8Gi] [pods=110] [NAME=QUANTITY] [label=K=V] [taint=K=V:EFFECT] [cordoned] [image=NAME=BYTES]`
/// - `pod NAME [cpu=..] [memory=..] [QUANTITY..] [label=K=V] [node=N] [priority=N] [owner=UID] [port=N] [select=K=V] [tolerate=K] [gate=G]
///   [image=I] [start=SECONDS] [ending] [namespace=N] [spec={json without spaces}]`: pending, or on a node
/// - `budget NAME label=K=V allowed=N`, `namespace NAME [label=K=V]`, `gone node|pod NAME`, `refused NAME` (binding failed), `wait SECONDS`
/// - `schedule`: decides until there is nothing more to decide now
struct Dialogue {
    private let core: SchedulerCore
    private var now = Duration.zero
    private var pods: [String: Pod] = [:]
    private var version = 0
    private(set) var lines: [String] = []

    init(framework: Framework = .standard) {
        core = SchedulerCore(framework: framework, random: { 0 })
    }

    static func play(_ script: String) throws -> [String] {
        var dialogue = Dialogue()
        for line in script.split(separator: "\n") { try dialogue.perform(String(line)) }
        return dialogue.lines
    }

    mutating func perform(_ line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        guard let command = words.first else { return }
        let arguments = Array(words.dropFirst())
        switch command {
        case "node": core.apply(.node(try node(arguments)), now: now)
        case "pod":
            let pod = try pod(arguments)
            pods[pod.metadata.name ?? ""] = pod
            core.apply(.pod(pod), now: now)
        case "namespace":
            var labels: [String: String] = [:]
            for (key, value) in pairs(arguments.dropFirst()) where key == "label" { labels[split(value).0] = split(value).1 }
            core.apply(.namespace(arguments[0], labels: labels), now: now)
        case "budget": core.apply(.budget(budget(arguments)), now: now)
        case "gone":
            if arguments[0] == "node" {
                core.apply(.nodeRemoved(arguments[1]), now: now)
            } else if let pod = pods.removeValue(forKey: arguments[1]) {
                core.apply(.podRemoved(pod), now: now)
            }
        case "refused": core.apply(.bindFailed(uid: "uid-\(arguments[0])", isGone: false), now: now)
        case "wait": now += .seconds(Double(arguments[0]) ?? 0)
        case "schedule": while let decision = core.next(now: now) { lines.append(text(decision)) }
        default: Issue.record("unknown command \(command)")
        }
    }

    private func text(_ decision: Decision) -> String {
        switch decision {
        case .bind(let pod, let node): "\(pod.metadata.name ?? "") -> \(node)"
        case .unschedulable(let pod, let message): "\(pod.metadata.name ?? ""): \(message)"
        case .preempt(let pod, let node, let victims, let message):
            "\(pod.metadata.name ?? "") displaces \(victims.map { $0.metadata.name ?? "" }.joined(separator: ",")) on \(node): \(message)"
        }
    }

    private func split(_ text: String) -> (String, String) {
        guard let index = text.firstIndex(of: "=") else { return (text, "") }
        return (String(text[..<index]), String(text[text.index(after: index)...]))
    }

    private func pairs(_ words: some Sequence<String>) -> [(String, String)] { words.map(split) }

    private func node(_ words: [String]) throws -> Node {
        var node = Node()
        node.metadata.name = words[0]
        node.metadata.labels["kubernetes.io/hostname"] = words[0]
        node.status.allocatable = ["cpu": try quantity("4"), "memory": try quantity("8Gi"), "pods": try quantity("110")]
        for (key, value) in pairs(words.dropFirst()) {
            switch key {
            case "label": node.metadata.labels[split(value).0] = split(value).1
            case "cordoned": node.spec.unschedulable = true
            case "taint":
                var taint = Taint()
                let (name, rest) = split(value)
                let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
                taint.key = name
                taint.value = String(parts[0])
                taint.effect = String(parts[1])
                node.spec.taints.append(taint)
            case "image":
                var image = ContainerImage()
                image.names = [split(value).0]
                image.sizeBytes = Int64(split(value).1)
                node.status.images.append(image)
            default: node.status.allocatable[key] = try quantity(value)
            }
        }
        return node
    }

    private mutating func pod(_ words: [String]) throws -> Pod {
        var pod = Pod()
        var container = Container()
        var requests: [String: Quantity] = [:]
        pod.metadata.name = words[0]
        pod.metadata.namespace = "default"
        pod.metadata.uid = "uid-\(words[0])"
        version += 1
        pod.metadata.resourceVersion = String(version)
        for (key, value) in pairs(words.dropFirst()) {
            switch key {
            case "spec":
                pod.spec = try PodSpec(jsonBytes: Array(value.utf8))
                container = pod.spec.containers.first ?? container
            case "label": pod.metadata.labels[split(value).0] = split(value).1
            case "namespace": pod.metadata.namespace = value
            case "node": pod.spec.nodeName = value
            case "priority": pod.spec.priority = Int32(value)
            case "never": pod.spec.preemptionPolicy = "Never"
            case "owner":
                var owner = OwnerReference()
                owner.uid = value
                owner.controller = true
                pod.metadata.ownerReferences = [owner]
            case "port":
                var port = ContainerPort()
                port.hostPort = Int32(value)
                container.ports.append(port)
            case "select": pod.spec.nodeSelector[split(value).0] = split(value).1
            case "tolerate":
                var toleration = Toleration()
                toleration.key = value
                toleration.operator = "Exists"
                pod.spec.tolerations.append(toleration)
            case "gate":
                var gate = PodSchedulingGate()
                gate.name = value
                pod.spec.schedulingGates.append(gate)
            case "image": container.image = value
            case "start": pod.status.startTime = Time(seconds: Int64(value) ?? 0)
            case "ending": pod.metadata.deletionTimestamp = Time(seconds: 1)
            case "phase": pod.status.phase = value
            default: requests[key] = try quantity(value)
            }
        }
        if !requests.isEmpty {
            var resources = ResourceRequirements()
            resources.requests = requests
            container.resources = resources
        }
        if pod.spec.containers.isEmpty { pod.spec.containers = [container] } else { pod.spec.containers[0] = container }
        return pod
    }

    private func budget(_ words: [String]) -> PodDisruptionBudget {
        var budget = PodDisruptionBudget()
        budget.metadata.name = words[0]
        budget.metadata.namespace = "default"
        var selector = LabelSelector()
        for (key, value) in pairs(words.dropFirst()) {
            if key == "label" { selector.matchLabels[split(value).0] = split(value).1 }
            if key == "allowed" { budget.status.disruptionsAllowed = Int32(value) ?? 0 }
        }
        budget.spec.selector = selector
        return budget
    }

    private func quantity(_ text: String) throws -> Quantity { try #require(Quantity(text)) }
}
