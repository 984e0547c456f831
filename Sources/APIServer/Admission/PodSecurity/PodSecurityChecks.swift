import JSON

/// A pod, or the pod of a template, as the checks look at it.
struct CheckedPod {
    let metadata: JSONValue
    let spec: JSONValue

    /// Of all kinds.
    var containers: [JSONValue] {
        spec.list("initContainers") + spec.list("containers") + spec.list("ephemeralContainers")
    }

    var isWindows: Bool { spec.text("os", "name") == "windows" }

    /// The names of the containers for which `isBad` holds, in order.
    func containers(where isBad: (JSONValue) -> Bool) -> [String] { containers.filter(isBad).map { $0.text("name") } }
}

/// One rule of the Pod Security Standards.
struct PodSecurityCheck: Sendable {
    let level: PodSecurityLevel
    let id: String
    /// The first minor version whose standards have the rule.
    var since = 0
    /// A rule of a lower level that this one includes.
    var replaces: String?
    let find: @Sendable (CheckedPod, PodSecurityVersion) -> PodSecurityFinding?

    /// All rules: baseline's first, each level's by their ids. That is the order of the findings.
    static let all: [PodSecurityCheck] = BaselineChecks.all + RestrictedChecks.all

    /// What a standard has against a pod; empty if it conforms.
    static func findings(_ pod: CheckedPod, _ standard: PodSecurityStandard) -> [PodSecurityFinding] {
        if standard.level == .privileged { return [] }
        let active = all.filter { $0.level <= standard.level && standard.version.isAtLeast($0.since) }
        let replaced = Set(active.compactMap(\.replaces))
        return active.filter { !replaced.contains($0.id) }.compactMap { $0.find(pod, standard.version) }
    }
}
