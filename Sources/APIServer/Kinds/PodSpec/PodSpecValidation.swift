import JSON
import KubernetesAPI

/// The rules of a pod's specification, for Pod and for templates.
enum PodSpecValidation {
    /// - Parameter furtherVolumes: names of volumes that the pod will have besides those it names, with whether they are block devices.
    static func validate(_ spec: Field, furtherVolumes: [String: Bool] = [:]) {
        let volumes = VolumeValidation.validate(spec["volumes"]).merging(furtherVolumes) { _, further in further }
        let claims = Set(spec["resourceClaims"].value?.arrayValue?.map { $0.text("name") } ?? [])
        let context = ContainerValidation.Context(
            volumes: volumes, claims: claims, hostNetwork: spec["hostNetwork"].bool, podRestartPolicy: spec["restartPolicy"].string)
        validateContainers(spec, context)

        spec["restartPolicy"].requiredOneOf(["Always", "OnFailure", "Never"])
        spec["dnsPolicy"].requiredOneOf(["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])
        if spec["dnsPolicy"].string == "None" {
            let servers = spec["dnsConfig"]["nameservers"]
            if servers.count == 0 {
                servers.errors.add(FieldError(.required, servers.path, "must provide at least one DNS nameserver when `dnsPolicy` is None"))
            }
        }
        spec["dnsConfig"].ifPresent { config in
            config["nameservers"].maxItems(3).each { server in
                if IPAddress(server.string) == nil { server.invalid("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)") }
            }
            config["searches"].maxItems(32)
        }
        spec["terminationGracePeriodSeconds"].nonNegative()
        spec["activeDeadlineSeconds"].inRange(1...Int64(Int32.max))
        LabelRules.labels(spec["nodeSelector"])
        spec["serviceAccountName"].matchesUnlessEmpty(NameValidation.dns1123Subdomain)
        spec["nodeName"].matchesUnlessEmpty(NameValidation.dns1123Subdomain)
        spec["hostname"].matchesUnlessEmpty(NameValidation.dns1123Label)
        spec["subdomain"].matchesUnlessEmpty(NameValidation.dns1123Label)
        spec["priorityClassName"].matchesUnlessEmpty(NameValidation.dns1123Subdomain)
        spec["runtimeClassName"].matchesUnlessEmpty(NameValidation.dns1123Subdomain)
        spec["preemptionPolicy"].oneOf(["PreemptLowerPriority", "Never"])
        spec["schedulerName"].matchesUnlessEmpty(NameValidation.dns1123Subdomain)
        spec["hostAliases"].each { alias in
            if IPAddress(alias["ip"].string) == nil { alias["ip"].invalid("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)") }
            alias["hostnames"].each { $0.matches(NameValidation.dns1123Subdomain) }
        }
        spec["readinessGates"].each { $0["conditionType"].matches(NameValidation.qualifiedName) }
        tolerations(spec["tolerations"])
        securityContext(spec)
        AffinityValidation.validate(spec["affinity"])
        TopologySpreadValidation.validate(spec["topologySpreadConstraints"])
        spec["imagePullSecrets"].each { _ in }
        spec["overhead"].entries { _, quantity in ResourceRules.nonNegativeQuantity(quantity) }
        spec["schedulingGates"].each { $0["name"].required().matchesUnlessEmpty(NameValidation.qualifiedName) }
        spec["resources"].ifPresent { ResourceRules.requirements($0) }
        if !spec["os"].isEmpty { spec["os"]["name"].requiredOneOf(["linux", "windows"]) }
    }

    private static func validateContainers(_ spec: Field, _ context: ContainerValidation.Context) {
        var names: Set<String> = []
        var hostPorts: Set<String> = []
        spec["containers"].required()
        spec["containers"].each { container in
            ContainerValidation.validate(container, context, role: .main)
            uniqueName(container["name"], &names)
            ContainerValidation.hostPortsAreFree(container, &hostPorts)
        }
        spec["initContainers"].each { container in
            ContainerValidation.validate(container, context, role: .initial)
            uniqueName(container["name"], &names)
        }
        spec["ephemeralContainers"].each { container in
            ContainerValidation.validate(container, context, role: .ephemeral)
            uniqueName(container["name"], &names)
            let target = container["targetContainerName"]
            if !target.string.isEmpty, !containerNames(spec).contains(target.string) { target.notFound(.string(target.string)) }
        }
    }

    private static func containerNames(_ spec: Field) -> Set<String> {
        var names: Set<String> = []
        for list in ["containers", "initContainers"] { spec[list].each { names.insert($0["name"].string) } }
        return names
    }

    private static func uniqueName(_ name: Field, _ names: inout Set<String>) {
        guard !name.string.isEmpty else { return }
        if !names.insert(name.string).inserted { name.duplicate(.string(name.string)) }
    }

    static func tolerations(_ tolerations: Field) {
        tolerations.each { toleration in
            let key = toleration["key"]
            key.matchesUnlessEmpty(NameValidation.qualifiedName)
            if key.string.isEmpty, toleration["operator"].string != "Exists" {
                toleration["operator"].invalid(
                    .string(toleration["operator"].string),
                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\"")
            }
            if toleration["tolerationSeconds"].exists, toleration["effect"].string != "NoExecute" {
                toleration["effect"].invalid(.string(toleration["effect"].string), "effect must be 'NoExecute' when `tolerationSeconds` is set")
            }
            switch toleration["operator"].string {
            case "Equal", "":
                if !toleration["value"].string.isEmpty { toleration["value"].matches(NameValidation.labelValue) }
            case "Exists":
                if !toleration["value"].string.isEmpty {
                    toleration.invalid(toleration.value ?? .null, "value must be empty when `operator` is 'Exists'")
                }
            default:
                toleration["operator"].oneOf(["Equal", "Exists"])
            }
            if !toleration["effect"].string.isEmpty { toleration["effect"].oneOf(["NoSchedule", "PreferNoSchedule", "NoExecute"]) }
        }
    }

    private static func securityContext(_ spec: Field) {
        let context = spec["securityContext"]
        for field in ["runAsUser", "runAsGroup", "fsGroup"] {
            if context[field].exists, !(0...Int64(Int32.max)).contains(context[field].int) {
                context[field].invalid("must be between 0 and 2147483647, inclusive")
            }
        }
        context["fsGroupChangePolicy"].oneOf(["OnRootMismatch", "Always"])
        var seen: Set<String> = []
        context["sysctls"].each { sysctl in
            let name = sysctl["name"]
            if name.string.isEmpty {
                name.required()
            } else if !SysctlName.isValid(name.string) {
                name.invalid(
                    "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$")
            } else if !seen.insert(name.string).inserted {
                name.duplicate(.string(name.string))
            }
        }
        ContainerValidation.seccompProfile(context["seccompProfile"])
        if spec["shareProcessNamespace"].bool, spec["hostPID"].bool {
            spec["shareProcessNamespace"].invalid("ShareProcessNamespace and HostPID cannot both be enabled")
        }
    }
}
