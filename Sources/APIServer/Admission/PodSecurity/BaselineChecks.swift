import JSON

/// What no pod of the level baseline does: anything by which it would leave its container.
enum BaselineChecks {
    private typealias Words = PodSecurityWords

    private static let appArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/"
    private static let defaultCapabilities: Set<String> = [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID",
        "SYS_CHROOT",
    ]
    private static let safeSysctls: [(name: String, since: Int)] = [
        ("kernel.shm_rmid_forced", 0), ("net.ipv4.ip_local_port_range", 0), ("net.ipv4.tcp_syncookies", 0), ("net.ipv4.ping_group_range", 0),
        ("net.ipv4.ip_unprivileged_port_start", 0), ("net.ipv4.ip_local_reserved_ports", 27), ("net.ipv4.tcp_keepalive_time", 29),
        ("net.ipv4.tcp_fin_timeout", 29), ("net.ipv4.tcp_keepalive_intvl", 29), ("net.ipv4.tcp_keepalive_probes", 29), ("net.ipv4.tcp_rmem", 32),
        ("net.ipv4.tcp_wmem", 32),
    ]

    static let all: [PodSecurityCheck] = [
        PodSecurityCheck(level: .baseline, id: "appArmorProfile") { pod, _ in appArmor(pod) },
        PodSecurityCheck(level: .baseline, id: "capabilities_baseline") { pod, _ in capabilities(pod) },
        PodSecurityCheck(level: .baseline, id: "hostNamespaces") { pod, _ in
            let set = ["hostNetwork", "hostPID", "hostIPC"].filter { pod.spec[$0]?.boolValue == true }
            return set.isEmpty ? nil : PodSecurityFinding(reason: "host namespaces", detail: set.map { "\($0)=true" }.joined(separator: ", "))
        },
        PodSecurityCheck(level: .baseline, id: "hostPathVolumes") { pod, _ in
            let names = pod.spec.list("volumes").filter { $0.at("hostPath") != nil }.map { $0.text("name") }
            return names.isEmpty
                ? nil
                : PodSecurityFinding(reason: "hostPath volumes", detail: Words.plural("volume", "volumes", names.count) + " " + Words.quoted(names))
        },
        PodSecurityCheck(level: .baseline, id: "hostPorts") { pod, _ in hostPorts(pod) },
        PodSecurityCheck(level: .baseline, id: "hostProbesAndhostLifecycle", since: 34) { pod, _ in probeHosts(pod) },
        PodSecurityCheck(level: .baseline, id: "privileged") { pod, _ in
            let names = pod.containers { $0.at("securityContext", "privileged")?.boolValue == true }
            return names.isEmpty
                ? nil : PodSecurityFinding(reason: "privileged", detail: "\(Words.containers(names)) must not set securityContext.privileged=true")
        },
        PodSecurityCheck(level: .baseline, id: "procMount") { pod, _ in procMount(pod) },
        PodSecurityCheck(level: .baseline, id: "seLinuxOptions") { pod, version in seLinux(pod, version) },
        PodSecurityCheck(level: .baseline, id: "seccompProfile_baseline", since: 19) { pod, _ in seccomp(pod) },
        PodSecurityCheck(level: .baseline, id: "sysctls") { pod, version in
            let names = pod.spec.list("securityContext", "sysctls").map { $0.text("name") }.filter { name in
                !safeSysctls.contains { $0.name == name && version.isAtLeast($0.since) }
            }
            return names.isEmpty ? nil : PodSecurityFinding(reason: "forbidden sysctls", detail: names.joined(separator: ", "))
        },
        PodSecurityCheck(level: .baseline, id: "windowsHostProcess") { pod, _ in
            func isHost(_ owner: JSONValue) -> Bool { owner.at("securityContext", "windowsOptions", "hostProcess")?.boolValue == true }
            let (ofPod, names) = (isHost(pod.spec), pod.containers(where: isHost))
            return ofPod || !names.isEmpty
                ? PodSecurityFinding(
                    reason: "hostProcess", detail: "\(Words.setters(pod: ofPod, names)) must not set securityContext.windowsOptions.hostProcess=true")
                : nil
        },
    ]

    private static func appArmor(_ pod: CheckedPod) -> PodSecurityFinding? {
        func bad(_ owner: JSONValue) -> String? {
            let type = owner.text("securityContext", "appArmorProfile", "type")
            return ["", "RuntimeDefault", "Localhost"].contains(type) ? nil : type
        }
        let ofPod = bad(pod.spec)
        let names = pod.containers { bad($0) != nil }
        let types = Set(pod.containers.compactMap(bad) + [ofPod].compactMap { $0 })
        var details: [String] = []
        if !types.isEmpty {
            details.append("\(Words.setters(pod: ofPod != nil, names)) must not set AppArmor profile type to \(Words.quoted(types))")
        }
        let annotations = (pod.metadata.at("annotations")?.objectValue ?? [:]).filter { key, value in
            let profile = value.stringValue ?? ""
            return key.hasPrefix(appArmorAnnotation) && !["", "runtime/default"].contains(profile) && !profile.hasPrefix("localhost/")
        }.map { "\($0.key)=\(goQuoted($0.value.stringValue ?? ""))" }.sorted()
        if !annotations.isEmpty {
            details.append(Words.plural("annotation", "annotations", annotations.count) + " " + annotations.joined(separator: ", "))
        }
        if details.isEmpty { return nil }
        let count = names.count + (ofPod == nil ? 0 : 1) + annotations.count
        return PodSecurityFinding(
            reason: Words.plural("forbidden AppArmor profile", "forbidden AppArmor profiles", count), detail: details.joined(separator: ", "))
    }

    private static func capabilities(_ pod: CheckedPod) -> PodSecurityFinding? {
        func bad(_ container: JSONValue) -> [String] {
            container.list("securityContext", "capabilities", "add").compactMap(\.stringValue).filter { !defaultCapabilities.contains($0) }
        }
        let names = pod.containers { !bad($0).isEmpty }
        if names.isEmpty { return nil }
        return PodSecurityFinding(
            reason: "non-default capabilities",
            detail:
                "\(Words.containers(names)) must not include \(Words.quoted(Set(pod.containers.flatMap(bad)))) in securityContext.capabilities.add")
    }

    private static func hostPorts(_ pod: CheckedPod) -> PodSecurityFinding? {
        func ports(_ container: JSONValue) -> [Int64] { container.list("ports").map { $0.number("hostPort") }.filter { $0 != 0 } }
        let names = pod.containers { !ports($0).isEmpty }
        let all = Set(pod.containers.flatMap(ports)).map { "\($0)" }.sorted()
        if names.isEmpty { return nil }
        return PodSecurityFinding(
            reason: "hostPort",
            detail: "\(Words.containers(names)) \(Words.plural("uses", "use", names.count)) \(Words.plural("hostPort", "hostPorts", all.count)) "
                + all.joined(separator: ", "))
    }

    /// A probe or hook with a host of its own makes the kubelet call anywhere.
    private static func probeHosts(_ pod: CheckedPod) -> PodSecurityFinding? {
        func hosts(_ container: JSONValue) -> [String] {
            var handlers = ["livenessProbe", "readinessProbe", "startupProbe"].compactMap { container[$0] }
            handlers += ["postStart", "preStop"].compactMap { container.at("lifecycle", $0) }
            return handlers.flatMap { [$0.text("httpGet", "host"), $0.text("tcpSocket", "host")] }.filter { !$0.isEmpty }
        }
        let names = pod.containers { !hosts($0).isEmpty }
        if names.isEmpty { return nil }
        let all = Set(pod.containers.flatMap(hosts))
        return PodSecurityFinding(
            reason: "probe or lifecycle host",
            detail: "\(Words.containers(names)) \(Words.plural("uses", "use", names.count)) probe or lifecycle "
                + "\(Words.plural("host", "hosts", all.count)) \(Words.quoted(all))")
    }

    private static func procMount(_ pod: CheckedPod) -> PodSecurityFinding? {
        func bad(_ container: JSONValue) -> String? {
            let value = container.text("securityContext", "procMount")
            return ["", "Default"].contains(value) ? nil : value
        }
        let names = pod.containers { bad($0) != nil }
        if names.isEmpty { return nil }
        return PodSecurityFinding(
            reason: "procMount",
            detail: "\(Words.containers(names)) must not set securityContext.procMount to \(Words.quoted(Set(pod.containers.compactMap(bad))))")
    }

    private static func seLinux(_ pod: CheckedPod, _ version: PodSecurityVersion) -> PodSecurityFinding? {
        var types: Set<String> = ["", "container_t", "container_init_t", "container_kvm_t"]
        if version.isAtLeast(31) { types.insert("container_engine_t") }
        func options(_ owner: JSONValue) -> JSONValue { owner.at("securityContext", "seLinuxOptions") ?? [:] }
        func isBad(_ owner: JSONValue) -> Bool {
            let options = options(owner)
            return !types.contains(options.text("type")) || !options.text("user").isEmpty || !options.text("role").isEmpty
        }
        let owners = ([pod.spec] + pod.containers).filter(isBad).map(options)
        if owners.isEmpty { return nil }
        var details: [String] = []
        let bad = Set(owners.map { $0.text("type") }.filter { !types.contains($0) })
        if !bad.isEmpty { details.append(Words.plural("type", "types", bad.count) + " " + Words.quoted(bad)) }
        if owners.contains(where: { !$0.text("user").isEmpty }) { details.append("user may not be set") }
        if owners.contains(where: { !$0.text("role").isEmpty }) { details.append("role may not be set") }
        return PodSecurityFinding(
            reason: "seLinuxOptions",
            detail: "\(Words.setters(pod: isBad(pod.spec), pod.containers(where: isBad))) set forbidden securityContext.seLinuxOptions: "
                + details.joined(separator: "; "))
    }

    private static func seccomp(_ pod: CheckedPod) -> PodSecurityFinding? {
        func bad(_ owner: JSONValue) -> String? {
            let type = owner.text("securityContext", "seccompProfile", "type")
            return ["", "RuntimeDefault", "Localhost"].contains(type) ? nil : type
        }
        let ofPod = bad(pod.spec)
        let names = pod.containers { bad($0) != nil }
        if ofPod == nil, names.isEmpty { return nil }
        let types = Set(pod.containers.compactMap(bad) + [ofPod].compactMap { $0 })
        return PodSecurityFinding(
            reason: "seccompProfile",
            detail: "\(Words.setters(pod: ofPod != nil, names)) must not set securityContext.seccompProfile.type to \(Words.quoted(types))")
    }
}
