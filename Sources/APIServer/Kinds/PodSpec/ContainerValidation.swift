import JSON
import KubernetesAPI

enum ContainerValidation {
    enum Role { case main, initial, ephemeral }

    /// What the rules of a container need to know of its pod.
    struct Context {
        /// Names of the pod's volumes; true for block devices.
        let volumes: [String: Bool]
        let claims: Set<String>
        let hostNetwork: Bool
        let podRestartPolicy: String
    }

    static func validate(_ container: Field, _ pod: Context, role: Role) {
        container["name"].required().matchesUnlessEmpty(NameValidation.dns1123Label)
        let image = container["image"]
        image.required()
        if image.string.first?.isWhitespace == true || image.string.last?.isWhitespace == true {
            image.invalid("must not have leading or trailing whitespace")
        }
        container["terminationMessagePolicy"].requiredOneOf(["File", "FallbackToLogsOnError"])
        container["imagePullPolicy"].requiredOneOf(["Always", "IfNotPresent", "Never"])
        ports(container["ports"], pod)
        environment(container)
        mounts(container, pod)
        ResourceRules.requirements(container["resources"])
        security(container["securityContext"])
        lifecycle(container, role)
        restartPolicy(container, role)
    }

    private static func restartPolicy(_ container: Field, _ role: Role) {
        let policy = container["restartPolicy"]
        switch role {
        case .initial: policy.oneOf(["Always", "Never", "OnFailure"])
        case .main: policy.oneOf(["Always", "OnFailure", "Never"])
        case .ephemeral: if policy.exists { policy.forbidden("cannot be set for an Ephemeral Container") }
        }
    }

    private static func lifecycle(_ container: Field, _ role: Role) {
        let restartable = role == .initial && container["restartPolicy"].string == "Always"
        for name in ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] where container[name].exists {
            switch role {
            case .main: break
            case .initial where restartable: break
            case .initial:
                container[name].forbidden(
                    name == "lifecycle"
                        ? "may not be set for init containers without restartPolicy=Always"
                        : "may not be set for init containers without restartPolicy=Always")
            case .ephemeral: container[name].forbidden("cannot be set for an Ephemeral Container")
            }
        }
        if role == .ephemeral {
            if container["ports"].count > 0 { container["ports"].forbidden("cannot be set for an Ephemeral Container") }
            return
        }
        container["livenessProbe"].ifPresent { probe in
            ProbeValidation.validate(probe)
            if probe["successThreshold"].int != 1 { probe["successThreshold"].invalid("must be 1") }
        }
        container["startupProbe"].ifPresent { probe in
            ProbeValidation.validate(probe)
            if probe["successThreshold"].int != 1 { probe["successThreshold"].invalid("must be 1") }
        }
        container["readinessProbe"].ifPresent { probe in
            ProbeValidation.validate(probe)
            if probe["terminationGracePeriodSeconds"].exists { probe["terminationGracePeriodSeconds"].invalid("must not be set for readinessProbes") }
        }
        for hook in ["postStart", "preStop"] {
            container["lifecycle"][hook].ifPresent { ProbeValidation.handler($0, kinds: ["exec", "httpGet", "tcpSocket", "sleep"]) }
        }
    }

    private static func ports(_ ports: Field, _ pod: Context) {
        var names: Set<String> = []
        ports.each { port in
            let name = port["name"]
            if !name.string.isEmpty {
                let complaints = NameValidation.portName(name.string)
                for complaint in complaints { name.invalid(complaint) }
                if complaints.isEmpty, !names.insert(name.string).inserted { name.duplicate(.string(name.string)) }
            }
            if port["containerPort"].int == 0 {
                port["containerPort"].errors.add(FieldError(.required, port["containerPort"].path))
            } else {
                port["containerPort"].inRange(1...65535)
            }
            let hostPort = port["hostPort"]
            if hostPort.int != 0 {
                hostPort.inRange(1...65535)
                if pod.hostNetwork, hostPort.int != port["containerPort"].int {
                    port["hostPort"].invalid("must match `containerPort` when `hostNetwork` is true")
                }
            }
            port["protocol"].requiredOneOf(["SCTP", "TCP", "UDP"])
        }
    }

    /// Two containers of a pod can't take the same port of the node.
    static func hostPortsAreFree(_ container: Field, _ taken: inout Set<String>) {
        container["ports"].each { port in
            guard port["hostPort"].int != 0 else { return }
            let key = "\(port["protocol"].string)/\(port["hostIP"].string)/\(port["hostPort"].int)"
            if !taken.insert(key).inserted { port["hostPort"].duplicate(.string(key)) }
        }
    }

    private static func environment(_ container: Field) {
        container["env"].each { variable in
            let name = variable["name"]
            if name.string.isEmpty { name.required() } else { name.matches(NameValidation.environmentVariableName) }
            let source = variable["valueFrom"]
            guard source.exists else { return }
            let kinds = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"]
            let given = kinds.filter { source[$0].exists }
            if given.isEmpty {
                source.invalid("must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`")
            }
            if given.count > 1 { source.invalid("may not have more than one field specified at a time") }
            if !variable["value"].string.isEmpty, !given.isEmpty { source.invalid("may not be specified when `value` is not empty") }
            for kind in ["configMapKeyRef", "secretKeyRef"] {
                source[kind].ifPresent { reference in
                    reference["name"].matchesUnlessEmpty(NameValidation.dns1123Subdomain)
                    let key = reference["key"]
                    if key.string.isEmpty { key.required() } else { key.matches(NameValidation.configMapKey) }
                }
            }
            source["fieldRef"].ifPresent { reference in
                if reference["fieldPath"].string.isEmpty { reference["fieldPath"].required() } else { fieldPath(reference["fieldPath"]) }
            }
            source["resourceFieldRef"].ifPresent { $0["resource"].required() }
        }
        container["envFrom"].each { source in
            source["prefix"].matchesUnlessEmpty(NameValidation.environmentVariableName)
            let kinds = ["configMapRef", "secretRef"].filter { source[$0].exists }
            if kinds.isEmpty { source.invalid(.string(""), "must specify one of: `configMapRef` or `secretRef`") }
            if kinds.count > 1 { source.invalid(.string(""), "may not have more than one field specified at a time") }
            for kind in kinds {
                let name = source[kind]["name"]
                if name.string.isEmpty { name.required() } else { name.matches(NameValidation.dns1123Subdomain) }
            }
        }
    }

    private static let fieldsForEnvironment = [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
        "status.podIP", "status.podIPs",
    ]

    private static func fieldPath(_ path: Field) {
        let text = path.string
        if text.hasPrefix("metadata.annotations['"), text.hasSuffix("']") { return }
        if text.hasPrefix("metadata.labels['"), text.hasSuffix("']") { return }
        if fieldsForEnvironment.contains(text) { return }
        let known = ["metadata.", "spec.", "status."].contains { text.hasPrefix($0) }
        if known { path.oneOf(fieldsForEnvironment) } else { path.invalid("error converting fieldPath: field label not supported: \(text)") }
    }

    private static func mounts(_ container: Field, _ pod: Context) {
        var paths: Set<String> = []
        container["volumeMounts"].each { mount in
            let name = mount["name"]
            if name.string.isEmpty {
                name.required()
            } else if let isDevice = pod.volumes[name.string] {
                if isDevice, container["volumeDevices"].exists { name.invalid("block volumes can't be mounted") }
            } else {
                name.notFound(.string(name.string))
            }
            let path = mount["mountPath"]
            if path.string.isEmpty { path.required() } else if !paths.insert(path.string).inserted { path.invalid("must be unique") }
            if !mount["subPath"].string.isEmpty {
                relativePath(mount["subPath"])
                if !mount["subPathExpr"].string.isEmpty { mount["subPathExpr"].invalid("subPathExpr and subPath are mutually exclusive") }
            }
            if !mount["subPathExpr"].string.isEmpty { relativePath(mount["subPathExpr"]) }
            mount["mountPropagation"].oneOf(["Bidirectional", "HostToContainer", "None"])
        }
        container["volumeDevices"].each { device in
            let name = device["name"]
            if name.string.isEmpty { name.required() } else if pod.volumes[name.string] == nil { name.notFound(.string(name.string)) }
            device["devicePath"].required()
        }
    }

    /// A path below a volume: not absolute, and without `..`.
    static func relativePath(_ path: Field) {
        if path.string.hasPrefix("/") { path.invalid("must be a relative path") }
        if path.string.split(separator: "/").contains("..") { path.invalid("must not contain '..'") }
    }

    private static func security(_ context: Field) {
        guard context.exists else { return }
        if context["privileged"].bool, context["allowPrivilegeEscalation"].value?.boolValue == false {
            context.invalid(context.value ?? .null, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
        }
        for field in ["runAsUser", "runAsGroup"] {
            if context[field].exists, !(0...Int64(Int32.max)).contains(context[field].int) {
                context[field].invalid("must be between 0 and 2147483647, inclusive")
            }
        }
        context["procMount"].oneOf(["Default", "Unmasked"])
        seccompProfile(context["seccompProfile"])
    }

    static func seccompProfile(_ profile: Field) {
        guard profile.exists else { return }
        profile["type"].requiredOneOf(["Localhost", "RuntimeDefault", "Unconfined"], "type is required when seccompProfile is set")
        let local = profile["localhostProfile"]
        if profile["type"].string == "Localhost" {
            if !local.exists {
                local.errors.add(FieldError(.required, local.path, "must be set when seccomp type is Localhost"))
            } else {
                relativePath(local)
            }
        } else if local.exists {
            local.invalid("can only be set when seccomp type is Localhost")
        }
    }
}
