import AutoscalingV2
import KubernetesAPI

/// What the autoscaler has recommended and done for one target, as far as it matters for the next step.
struct ScalingHistory: Sendable {
    /// One word on why a number was chosen, with the sentence for people.
    struct Verdict: Equatable, Sendable {
        var replicas: Int32
        var reason: String
        var message: String
    }

    private struct Recommendation {
        var replicas: Int32
        var time: Int64
    }

    private struct Change {
        var replicas: Int32
        var time: Int64
    }

    private var recommendations: [Recommendation] = []
    private var ups: [Change] = []
    private var downs: [Change] = []

    /// The first recommendation is the number that was found: without it a restart of the controller could scale down at once.
    mutating func begin(_ replicas: Int32, now: Int64) {
        if recommendations.isEmpty { recommendations = [Recommendation(replicas: replicas, time: now)] }
    }

    // MARK: Without behavior

    /// The highest recommendation of the last `window` seconds.
    mutating func stabilized(_ wanted: Int32, window: Int64, now: Int64) -> Int32 {
        recommendations.removeAll { $0.time < now - window }
        let highest = recommendations.reduce(wanted) { max($0, $1.replicas) }
        recommendations.append(Recommendation(replicas: wanted, time: now))
        return highest
    }

    /// Bounded by the autoscaler's limits and by a speed that a wrong measurement may not exceed.
    static func limited(_ wanted: Int32, current: Int32, minimum: Int32, maximum: Int32) -> Verdict {
        let fastest = Int32(clamping: max(Int64(current) * 2, 4))
        let (most, reason, message) = maximum > fastest ? (fastest, "ScaleUpLimit", Self.tooFastUp) : (maximum, "TooManyReplicas", Self.tooMany)
        if wanted < minimum { return Verdict(replicas: minimum, reason: "TooFewReplicas", message: Self.tooFew) }
        if wanted > most { return Verdict(replicas: most, reason: reason, message: message) }
        return Verdict(replicas: wanted, reason: "DesiredWithinRange", message: Self.within)
    }

    // MARK: With behavior

    /// Held between the lowest recommendation of the window for going up and the highest of that for going down.
    mutating func stabilized(_ wanted: Int32, current: Int32, upWindow: Int64, downWindow: Int64, now: Int64) -> Verdict {
        var lowest = wanted
        var highest = wanted
        for one in recommendations {
            if one.time > now - upWindow { lowest = min(lowest, one.replicas) }
            if one.time > now - downWindow { highest = max(highest, one.replicas) }
        }
        recommendations.removeAll { $0.time < now - max(upWindow, downWindow) }
        recommendations.append(Recommendation(replicas: wanted, time: now))
        let replicas = min(max(current, lowest), highest)
        return wanted >= current
            ? Verdict(
                replicas: replicas, reason: "ScaleUpStabilized",
                message: "recent recommendations were lower than current one, applying the lowest recent recommendation")
            : Verdict(replicas: replicas, reason: "ScaleDownStabilized", message: Self.heldUp)
    }

    /// Bounded by the autoscaler's limits and by the policies on how much may change in which time.
    func limited(
        _ wanted: Int32, current: Int32, minimum: Int32, maximum: Int32, up: HPAScalingRules, down: HPAScalingRules, now: Int64
    ) -> Verdict {
        if wanted > current {
            let fastest = max(current, limit(current, up, now: now, isUp: true))
            let most = min(maximum, fastest)
            if wanted > most {
                return maximum > fastest
                    ? Verdict(replicas: most, reason: "ScaleUpLimit", message: Self.tooFastUp)
                    : Verdict(replicas: most, reason: "TooManyReplicas", message: Self.tooMany)
            }
        } else if wanted < current {
            let fastest = min(current, limit(current, down, now: now, isUp: false))
            let least = max(minimum, fastest)
            if wanted < least {
                return minimum < fastest
                    ? Verdict(
                        replicas: least, reason: "ScaleDownLimit",
                        message: "the desired replica count is decreasing faster than the maximum scale rate")
                    : Verdict(replicas: least, reason: "TooFewReplicas", message: Self.tooFew)
            }
        }
        return Verdict(replicas: wanted, reason: "DesiredWithinRange", message: Self.within)
    }

    /// Notes what was done, and forgets what no policy asks about any more.
    mutating func scaled(from before: Int32, to after: Int32, up: HPAScalingRules, down: HPAScalingRules, now: Int64) {
        func longest(_ rules: HPAScalingRules) -> Int64 { Int64(rules.policies.map(\.periodSeconds).max() ?? 0) }
        let kept = now - max(longest(up), longest(down))
        ups.removeAll { $0.time < kept }
        downs.removeAll { $0.time < kept }
        if after > before { ups.append(Change(replicas: after &- before, time: now)) }
        if after < before { downs.append(Change(replicas: before &- after, time: now)) }
    }

    /// The furthest that the policies allow.
    private func limit(_ current: Int32, _ rules: HPAScalingRules, now: Int64, isUp: Bool) -> Int32 {
        if rules.selectPolicy == "Disabled" { return current }
        let limits = rules.policies.map { policy -> Int64 in
            func changed(_ changes: [Change]) -> Int64 {
                changes.reduce(0) { $1.time > now - Int64(policy.periodSeconds) ? $0 + Int64($1.replicas) : $0 }
            }
            let start = Int64(current) - changed(ups) + changed(downs)
            let share = Double(policy.value) / 100
            switch (policy.type, isUp) {
            case ("Pods", true): return start + Int64(policy.value)
            case ("Pods", false): return start - Int64(policy.value)
            case (_, true): return Int64((Double(start) * (1 + share)).rounded(.up))
            case (_, false): return Int64((Double(start) * (1 - share)).rounded(.towardZero))
            }
        }
        // The policy that changes least is the lowest on the way up and the highest on the way down.
        let takesLowest = (rules.selectPolicy == "Min") == isUp
        let chosen = takesLowest ? limits.min() : limits.max()
        return Int32(clamping: chosen ?? Int64(current))
    }

    static let heldUp = "recent recommendations were higher than current one, applying the highest recent recommendation"
    private static let tooFastUp = "the desired replica count is increasing faster than the maximum scale rate"
    private static let tooMany = "the desired replica count is more than the maximum replica count"
    private static let tooFew = "the desired replica count is less than the minimum replica count"
    private static let within = "the desired count is within the acceptable range"
}

extension HPAScalingRules {
    /// How fast to go up where nothing is said: at once, doubled or by four pods in fifteen seconds, whichever is more.
    static let up = HPAScalingRules { rules in
        rules.selectPolicy = "Max"
        rules.stabilizationWindowSeconds = 0
        rules.policies = [.init("Pods", 4, seconds: 15), .init("Percent", 100, seconds: 15)]
    }

    /// How fast to go down where nothing is said; the window is the controller's.
    static let down = HPAScalingRules { rules in
        rules.selectPolicy = "Max"
        rules.policies = [.init("Percent", 100, seconds: 15)]
    }

    /// These rules, with what they leave out from others.
    func completed(from defaults: HPAScalingRules) -> HPAScalingRules {
        var rules = self
        rules.selectPolicy = selectPolicy ?? defaults.selectPolicy
        rules.stabilizationWindowSeconds = stabilizationWindowSeconds ?? defaults.stabilizationWindowSeconds
        if policies.isEmpty { rules.policies = defaults.policies }
        return rules
    }
}

extension HPAScalingPolicy {
    init(_ type: String, _ value: Int32, seconds: Int32) {
        self.init()
        self.type = type
        self.value = value
        periodSeconds = seconds
    }
}
