/// Why no node was found for a pod.
struct Diagnosis {
    var nodes = 0
    var reasons = ReasonCounts()
    var plugins: PluginSet = []
    /// A plugin's word on why no node at all comes into question; then the nodes were not asked.
    var wholeReason: String?
    /// Nodes where removing pods might help.
    var preemptionCandidates: [NodeInfo] = []
    /// What came of the attempt to make room.
    var preemption: String?

    mutating func note(_ rejection: Rejection, of node: NodeInfo) {
        for reason in rejection.reasons { reasons.add(reason) }
        plugins.insert(PluginSet(rejection.plugin))
        if rejection.preemptionMayHelp { preemptionCandidates.append(node) }
    }

    /// The sentence for the event and the condition, in upstream's form.
    var message: String {
        if nodes == 0 && wholeReason == nil { return "no nodes available to schedule pods" }
        var text = "0/\(nodes) nodes are available:"
        if let wholeReason {
            text += " \(wholeReason)."
        } else if !reasons.isEmpty {
            text += " " + reasons.text + "."
        }
        if let preemption { text += " preemption: \(preemption)" }
        return text
    }
}

/// How many nodes gave each reason. Few reasons and many nodes: a short list is faster than a dictionary.
struct ReasonCounts {
    private var counts: [(reason: Reason, nodes: Int)] = []

    var isEmpty: Bool { counts.isEmpty }

    mutating func add(_ reason: Reason, nodes: Int = 1) {
        if let index = counts.firstIndex(where: { $0.reason == reason }) {
            counts[index].nodes += nodes
        } else {
            counts.append((reason, nodes))
        }
    }

    /// As people read it, in alphabetical order.
    var text: String { counts.map { "\($0.nodes) \($0.reason.text)" }.sorted().joined(separator: ", ") }
}
