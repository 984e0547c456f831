import CoreV1
import KubernetesAPI

/// Finds pods of lower priority whose removal would make room for a pod.
struct Preemption {
    let cycle: Cycle
    let framework: Framework
    /// Pods of at least the same priority that are promised a node and not yet there.
    let nominated: (NodeInfo) -> [PodInfo]

    /// At most this share of the nodes (percent), but at least this many, are worked out before one is chosen.
    static let candidatesPercentage = 10
    static let candidatesMin = 100

    /// One node and who would have to go.
    struct Candidate {
        var node: NodeInfo
        var victims: [PodInfo]
        /// Victims whose disruption budget does not allow it.
        var violations: Int
    }

    enum Outcome {
        case found(Candidate)
        /// With the words for the pod's event.
        case none(String)
    }

    /// Why the pod may not displace others; nil when it may.
    static func objection(_ pod: PodInfo, in cache: SchedulerCache) -> String? {
        if pod.pod.spec.preemptionPolicy == "Never" { return "not eligible due to preemptionPolicy=Never." }
        if let name = pod.pod.status.nominatedNodeName, let node = cache.node(name),
            node.pods.contains(where: { $0.priority < pod.priority && $0.isTerminating && $0.isBeingPreempted })
        {
            return "not eligible due to a terminating pod on the nominated node."
        }
        return nil
    }

    /// - Parameter random: uniform in 0..<1; decides at which node the search begins.
    func run(among nodes: [NodeInfo], random: () -> Double) -> Outcome {
        var diagnosis = Diagnosis()
        diagnosis.nodes = cycle.cache.nodes.count
        let wanted = max(Self.candidatesMin, cycle.cache.nodes.count * Self.candidatesPercentage / 100)
        var found: [Candidate] = []
        let start = nodes.isEmpty ? 0 : min(Int(random() * Double(nodes.count)), nodes.count - 1)
        var asked = 0
        for offset in nodes.indices {
            let node = nodes[(start + offset) % nodes.count]
            asked += 1
            switch victims(on: node) {
            case .found(let candidate): found.append(candidate)
            case .rejected(let reasons): for reason in reasons { diagnosis.reasons.add(reason) }
            }
            if found.count >= wanted { break }
        }
        if let best = Self.best(of: found) { return .found(best) }
        if diagnosis.nodes > asked { diagnosis.reasons.add(.preemptionNotHelpful, nodes: diagnosis.nodes - asked) }
        return .none(diagnosis.message)
    }

    private enum OnNode {
        case found(Candidate)
        case rejected([Reason])
    }

    private func victims(on node: NodeInfo) -> OnNode {
        let lower = node.pods.filter { $0.priority < cycle.pod.priority }
        if lower.isEmpty { return .rejected([.noVictims]) }
        if let rejection = rejection(node, without: lower) { return .rejected(rejection.reasons) }
        // As many as possible may stay, those first whose loss is worst.
        let (violating, others) = splitByBudget(lower)
        var gone = lower
        var victims: [PodInfo] = []
        var violations = 0
        for (pods, isViolating) in [(violating, true), (others, false)] {
            for pod in pods {
                let rest = gone.filter { $0 !== pod }
                if rejection(node, without: rest) == nil {
                    gone = rest
                } else {
                    victims.append(pod)
                    if isViolating { violations += 1 }
                }
            }
        }
        // Possible only when the node took the pod all along.
        if victims.isEmpty { return .rejected([.noVictims]) }
        victims.sort(by: Self.isMoreImportant)
        return .found(Candidate(node: node, victims: victims, violations: violations))
    }

    /// The filters' word on the node with these pods gone and the nominated ones there.
    private func rejection(_ node: NodeInfo, without pods: [PodInfo]) -> Rejection? {
        cycle.cache.withChanged(node, removing: pods, adding: nominated(node)) {
            guard case .filters(let filters, _) = framework.prepare(cycle) else {
                return Rejection(.nodeResourcesFit, .preemptionNotHelpful, preemptionMayHelp: false)
            }
            return Framework.rejection(of: node, by: filters)
        }
    }

    private func splitByBudget(_ pods: [PodInfo]) -> (violating: [PodInfo], others: [PodInfo]) {
        var allowed = cycle.cache.budgets.mapValues(\.disruptionsAllowed)
        var violating: [PodInfo] = []
        var others: [PodInfo] = []
        for pod in pods.sorted(by: Self.isMoreImportant) {
            var isViolating = false
            for (key, budget) in cycle.cache.budgets where budget.covers(pod) {
                let left = (allowed[key] ?? 0) - 1
                allowed[key] = left
                if left < 0 { isViolating = true }
            }
            if isViolating { violating.append(pod) } else { others.append(pod) }
        }
        return (violating, others)
    }

    /// Higher priority first, then who has run longer.
    static func isMoreImportant(_ a: PodInfo, _ b: PodInfo) -> Bool {
        a.priority == b.priority ? a.startSeconds < b.startSeconds : a.priority > b.priority
    }

    /// Fewest broken budgets; then the lowest of the highest priorities; then the smallest sum of priorities; then the fewest pods; then
    /// the one whose most important victims have run for the shortest time.
    static func best(of candidates: [Candidate]) -> Candidate? {
        candidates.enumerated().min { (a, b) in
            let left = rank(a.element), right = rank(b.element)
            return left == right ? a.offset < b.offset : left.lexicographicallyPrecedes(right)
        }?.element
    }

    private static func rank(_ candidate: Candidate) -> [Int64] {
        let highest = candidate.victims.first?.priority ?? .min
        let earliest = candidate.victims.lazy.filter { $0.priority == highest }.map(\.startSeconds).min() ?? 0
        // Negative priorities must not make many victims look better than few.
        let sum = candidate.victims.reduce(Int64(0)) { $0.saturatingAdding(Int64($1.priority) + Int64(Int32.max) + 1) }
        return [Int64(candidate.violations), Int64(highest), sum, Int64(candidate.victims.count), Int64(0).saturatingSubtracting(earliest)]
    }
}

extension PodInfo {
    /// When the pod began to run, in seconds since 1970; one that has not begun counts as the youngest.
    var startSeconds: Int64 { pod.status.startTime?.seconds ?? .max }

    var isBeingPreempted: Bool {
        pod.status.conditions.contains { $0.type == "DisruptionTarget" && $0.status == "True" && $0.reason == "PreemptionByScheduler" }
    }
}
