/// Why no node was found for a pod.
struct Diagnosis {
    var nodes = 0
    var reasons: [Reason: Int] = [:]
    var plugins: Set<PluginName> = []
    /// A plugin's word on why no node at all comes into question; then the nodes were not asked.
    var wholeReason: String?
    /// Nodes where removing pods might help.
    var preemptionCandidates: [NodeInfo] = []
    /// What came of the attempt to make room.
    var preemption: String?

    mutating func note(_ rejection: Rejection, of node: NodeInfo) {
        for reason in rejection.reasons { reasons[reason, default: 0] += 1 }
        plugins.insert(rejection.plugin)
        if rejection.preemptionMayHelp { preemptionCandidates.append(node) }
    }

    /// The sentence for the event and the condition, in upstream's form.
    var message: String {
        if nodes == 0 && wholeReason == nil { return "no nodes available to schedule pods" }
        var text = "0/\(nodes) nodes are available:"
        if let wholeReason {
            text += " \(wholeReason)."
        } else if !reasons.isEmpty {
            text += " " + Self.histogram(reasons) + "."
        }
        if let preemption { text += " preemption: \(preemption)" }
        return text
    }

    static func histogram(_ reasons: [Reason: Int]) -> String {
        reasons.map { "\($0.value) \($0.key.text)" }.sorted().joined(separator: ", ")
    }
}
