import JSON
import KubernetesAPI

/// What a pod or a template is allowed to say and had better not: old labels and annotations, volumes that do nothing, names that hide each other.
struct PodWarnings {
    /// Of new objects, and of changed ones whose generation has been counted up.
    ///
    /// - Parameter path: where the pod or the template is; empty for a pod.
    static func inObject(at path: [String]) -> @Sendable (JSONValue, JSONValue?) -> [String] {
        { object, old in
            if let old, old.number("metadata", "generation") == object.number("metadata", "generation") { return [] }
            guard let pod = object.valueAtPath(path[...]) else { return [] }
            let warnings = PodWarnings(prefix: path.map { $0 + "." }.joined()).all(pod)
            guard let before = old?.valueAtPath(path[...]) else { return warnings }
            // What was so before has been told before.
            let told = Set(PodWarnings(prefix: path.map { $0 + "." }.joined()).all(before))
            return warnings.filter { !told.contains($0) }
        }
    }

    private let prefix: String

    private func all(_ pod: JSONValue) -> [String] {
        var warnings: [String] = []
        for (label, _) in pod.at("spec", "nodeSelector")?.objectValue ?? [:] {
            if let why = Self.labels[label] { warnings.append("\(prefix)spec.nodeSelector[\(label)]: \(why)") }
        }
        for (index, volume) in pod.list("spec", "volumes").enumerated() {
            for (kind, why) in Self.volumes where volume[kind] != nil { warnings.append("\(prefix)spec.volumes[\(index)].\(kind): \(why)") }
        }
        for (index, secret) in pod.list("spec", "imagePullSecrets").enumerated() where secret.text("name").isEmpty {
            warnings.append("\(prefix)spec.imagePullSecrets[\(index)].name: invalid empty name \"\"")
        }
        for list in ["initContainers", "containers"] {
            for (index, container) in pod.list("spec", list).enumerated() { self.container(container, "\(prefix)spec.\(list)[\(index)]", &warnings) }
        }
        if let seconds = pod.at("spec", "terminationGracePeriodSeconds")?.integerValue, seconds < 0 {
            warnings.append(
                "\(prefix)spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1")
        }
        for (annotation, _) in pod.at("metadata", "annotations")?.objectValue ?? [:] {
            if let why = Self.annotation(annotation) { warnings.append("\(prefix)metadata.annotations[\(annotation)]: \(why)") }
        }
        return warnings
    }

    private func container(_ container: JSONValue, _ path: String, _ warnings: inout [String]) {
        for side in ["limits", "requests"] {
            for resource in ["memory", "ephemeral-storage"] {
                guard let quantity = ResourceRules.quantity(container.at("resources", side, resource)), quantity.milliValue % 1000 != 0 else {
                    continue
                }
                warnings.append(
                    "\(path).resources.\(side)[\(resource)]: fractional byte value \"\(quantity)\" is invalid, must be an integer")
            }
        }
        var names: Set<String> = []
        for (index, variable) in container.list("env").enumerated() {
            let name = variable.text("name")
            // A value that is made of the one before is meant.
            if !names.insert(name).inserted, !variable.text("value").contains("$(\(name))") {
                warnings.append("\(path).env[\(index)]: hides previous definition of \"\(name)\", which may be dropped when using apply")
            }
        }
    }

    private static let labels = [
        "beta.kubernetes.io/arch": #"deprecated since v1.14; use "kubernetes.io/arch" instead"#,
        "beta.kubernetes.io/os": #"deprecated since v1.14; use "kubernetes.io/os" instead"#,
        "failure-domain.beta.kubernetes.io/region": #"deprecated since v1.17; use "topology.kubernetes.io/region" instead"#,
        "failure-domain.beta.kubernetes.io/zone": #"deprecated since v1.17; use "topology.kubernetes.io/zone" instead"#,
        "beta.kubernetes.io/instance-type": #"deprecated since v1.17; use "node.kubernetes.io/instance-type" instead"#,
    ]

    private static let volumes = [
        ("cephfs", "deprecated in v1.28, non-functional in v1.31+"), ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
        ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"), ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
        ("quobyte", "deprecated in v1.22, non-functional in v1.25+"), ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
        ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"), ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
    ]

    private static func annotation(_ name: String) -> String? {
        if name == "scheduler.alpha.kubernetes.io/critical-pod" { return #"non-functional in v1.16+; use the "priorityClassName" field instead"# }
        if name == "seccomp.security.alpha.kubernetes.io/pod" || name.hasPrefix("container.seccomp.security.alpha.kubernetes.io/") {
            return #"non-functional in v1.27+; use the "seccompProfile" field instead"#
        }
        if name.hasPrefix("container.apparmor.security.beta.kubernetes.io/") {
            return #"deprecated since v1.30; use the "appArmorProfile" field instead"#
        }
        return nil
    }
}
