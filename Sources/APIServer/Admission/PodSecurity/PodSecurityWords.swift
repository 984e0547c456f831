/// The ways in which findings are worded, the same for all checks.
enum PodSecurityWords {
    static func quoted(_ names: [String]) -> String { names.map { goQuoted($0) }.joined(separator: ", ") }

    static func quoted(_ names: Set<String>) -> String { quoted(names.sorted()) }

    static func plural(_ one: String, _ many: String, _ count: Int) -> String { count == 1 ? one : many }

    /// `container "a"` or `containers "a", "b"`.
    static func containers(_ names: [String]) -> String { plural("container", "containers", names.count) + " " + quoted(names) }

    /// `pod and container "a"`: who has set something.
    static func setters(pod: Bool, _ containers: [String]) -> String {
        ((pod ? ["pod"] : []) + (containers.isEmpty ? [] : [self.containers(containers)])).joined(separator: " and ")
    }
}

/// What a check has against a pod.
struct PodSecurityFinding: Equatable {
    var reason: String
    var detail: String

    var text: String { detail.isEmpty ? reason : "\(reason) (\(detail))" }
}
