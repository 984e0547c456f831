import JSON

/// What pods of the level restricted must say beside: that they give up what they do not need.
enum RestrictedChecks {
    private typealias Words = PodSecurityWords

    private static let volumeTypes: Set<String> = [
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
    ]

    static let all: [PodSecurityCheck] = [
        PodSecurityCheck(level: .restricted, id: "allowPrivilegeEscalation", since: 8) { pod, version in
            if version.isAtLeast(25), pod.isWindows { return nil }
            let names = pod.containers { $0.at("securityContext", "allowPrivilegeEscalation")?.boolValue != false }
            return names.isEmpty
                ? nil
                : PodSecurityFinding(
                    reason: "allowPrivilegeEscalation != false",
                    detail: "\(Words.containers(names)) must set securityContext.allowPrivilegeEscalation=false")
        },
        PodSecurityCheck(level: .restricted, id: "capabilities_restricted", since: 22, replaces: "capabilities_baseline") { pod, version in
            version.isAtLeast(25) && pod.isWindows ? nil : capabilities(pod)
        },
        PodSecurityCheck(level: .restricted, id: "restrictedVolumes", replaces: "hostPathVolumes") { pod, _ in volumes(pod) },
        PodSecurityCheck(level: .restricted, id: "runAsNonRoot") { pod, _ in nonRoot(pod) },
        PodSecurityCheck(level: .restricted, id: "runAsUser", since: 23) { pod, _ in
            func isRoot(_ owner: JSONValue) -> Bool { owner.at("securityContext", "runAsUser")?.integerValue == 0 }
            let (ofPod, names) = (isRoot(pod.spec), pod.containers(where: isRoot))
            return ofPod || !names.isEmpty
                ? PodSecurityFinding(reason: "runAsUser=0", detail: "\(Words.setters(pod: ofPod, names)) must not set runAsUser=0") : nil
        },
        PodSecurityCheck(level: .restricted, id: "seccompProfile_restricted", since: 19, replaces: "seccompProfile_baseline") { pod, version in
            version.isAtLeast(25) && pod.isWindows ? nil : seccomp(pod)
        },
    ]

    private static func capabilities(_ pod: CheckedPod) -> PodSecurityFinding? {
        func texts(_ container: JSONValue, _ list: String) -> [String] {
            container.list("securityContext", "capabilities", list).compactMap(\.stringValue)
        }
        let keeping = pod.containers { !texts($0, "drop").contains("ALL") }
        let adding = pod.containers { texts($0, "add").contains { $0 != "NET_BIND_SERVICE" } }
        var details: [String] = []
        if !keeping.isEmpty { details.append("\(Words.containers(keeping)) must set securityContext.capabilities.drop=[\"ALL\"]") }
        if !adding.isEmpty {
            let added = Set(pod.containers.flatMap { texts($0, "add") }.filter { $0 != "NET_BIND_SERVICE" })
            details.append("\(Words.containers(adding)) must not include \(Words.quoted(added)) in securityContext.capabilities.add")
        }
        return details.isEmpty ? nil : PodSecurityFinding(reason: "unrestricted capabilities", detail: details.joined(separator: "; "))
    }

    private static func volumes(_ pod: CheckedPod) -> PodSecurityFinding? {
        func type(_ volume: JSONValue) -> String? {
            volume.objectValue?.first { $0.key != "name" && !$0.value.isNull }?.key
        }
        // A volume without a source becomes an empty directory.
        let bad = pod.spec.list("volumes").filter { type($0).map { !volumeTypes.contains($0) } ?? false }
        if bad.isEmpty { return nil }
        let types = Set(bad.compactMap(type))
        return PodSecurityFinding(
            reason: "restricted volume types",
            detail: "\(Words.plural("volume", "volumes", bad.count)) \(Words.quoted(bad.map { $0.text("name") })) "
                + "\(Words.plural("uses", "use", bad.count)) restricted volume \(Words.plural("type", "types", types.count)) \(Words.quoted(types))")
    }

    private static func nonRoot(_ pod: CheckedPod) -> PodSecurityFinding? {
        func value(_ owner: JSONValue) -> Bool? { owner.at("securityContext", "runAsNonRoot")?.boolValue }
        let ofPod = value(pod.spec)
        let root = pod.containers { value($0) == false }
        if ofPod == false || !root.isEmpty {
            return PodSecurityFinding(
                reason: "runAsNonRoot != true",
                detail: "\(Words.setters(pod: ofPod == false, root)) must not set securityContext.runAsNonRoot=false")
        }
        let silent = pod.containers { value($0) == nil && ofPod != true }
        return silent.isEmpty
            ? nil
            : PodSecurityFinding(
                reason: "runAsNonRoot != true", detail: "pod or \(Words.containers(silent)) must set securityContext.runAsNonRoot=true")
    }

    private static func seccomp(_ pod: CheckedPod) -> PodSecurityFinding? {
        let good: Set<String> = ["RuntimeDefault", "Localhost"]
        func type(_ owner: JSONValue) -> String? { owner.at("securityContext", "seccompProfile", "type")?.stringValue }
        let ofPod = type(pod.spec)
        let isPodBad = ofPod.map { !good.contains($0) } ?? false
        let bad = pod.containers { type($0).map { !good.contains($0) } ?? false }
        if isPodBad || !bad.isEmpty {
            let types = Set(([pod.spec] + pod.containers).compactMap(type).filter { !good.contains($0) })
            return PodSecurityFinding(
                reason: "seccompProfile",
                detail: "\(Words.setters(pod: isPodBad, bad)) must not set securityContext.seccompProfile.type to \(Words.quoted(types))")
        }
        let silent = pod.containers { type($0) == nil && ofPod == nil }
        return silent.isEmpty
            ? nil
            : PodSecurityFinding(
                reason: "seccompProfile",
                detail: "pod or \(Words.containers(silent)) must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"")
    }
}
