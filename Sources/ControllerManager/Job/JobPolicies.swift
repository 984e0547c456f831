import BatchV1
import CoreV1
import KubernetesAPI

/// What a job's failure policy says of a failed pod.
struct FailureVerdict: Equatable {
    /// The action of the rule that matched; nil when none did.
    var action: String?
    /// Whether the failure counts towards the limits.
    var counts: Bool
    /// Why the whole job fails; nil when it does not.
    var failsJob: String?

    init(_ policy: PodFailurePolicy?, _ pod: Pod) {
        (action, counts, failsJob) = (nil, true, nil)
        guard let policy else { return }
        for (index, rule) in policy.rules.enumerated() {
            guard let match = Self.match(rule, pod) else { continue }
            action = rule.action
            switch rule.action {
            case "Ignore": counts = false
            case "FailJob": failsJob = "\(match) matching FailJob rule at index \(index)"
            case "FailIndex", "Count": break
            // A rule of a later version: as if it were not there.
            default:
                action = nil
                continue
            }
            return
        }
    }

    /// What made the rule match, in words; nil when it does not.
    private static func match(_ rule: PodFailurePolicyRule, _ pod: Pod) -> String? {
        let name = "\(pod.metadata.namespace ?? "")/\(pod.metadata.name ?? "")"
        if let codes = rule.onExitCodes {
            for status in pod.status.containerStatuses + pod.status.initContainerStatuses {
                guard let code = status.state?.terminated?.exitCode, code != 0, codes.containerName == nil || codes.containerName == status.name
                else {
                    continue
                }
                let isListed = codes.values.contains(code)
                if codes.operator == "In" ? isListed : codes.operator == "NotIn" && !isListed {
                    return "Container \(status.name) for pod \(name) failed with exit code \(code)"
                }
            }
            return nil
        }
        for condition in pod.status.conditions {
            if rule.onPodConditions.contains(where: { $0.type == condition.type && $0.status ?? "True" == condition.status }) {
                return "Pod \(name) has condition \(condition.type)"
            }
        }
        return nil
    }
}

extension SuccessPolicy {
    /// Which rule the succeeded indexes satisfy, in words; nil for none.
    func match(_ succeeded: CompletionIndexes, completions: Int) -> String? {
        guard !succeeded.isEmpty else { return nil }
        for (index, rule) in rules.enumerated() {
            let isMet: Bool
            if let text = rule.succeededIndexes {
                let wanted = CompletionIndexes(text, below: completions)
                let shared = succeeded.countShared(with: wanted)
                isMet = shared >= rule.succeededCount.map { Int($0) } ?? wanted.count
            } else {
                isMet = rule.succeededCount.map { succeeded.count >= Int($0) } ?? false
            }
            if isMet { return "Matched rules at index \(index)" }
        }
        return nil
    }
}
