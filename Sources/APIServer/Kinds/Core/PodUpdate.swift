import JSON
import KubernetesAPI

/// What may change in a pod after it was created.
enum PodUpdate {
    private static let mutableFields =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

    @Sendable static func validate(_ pod: Field, _ old: JSONValue) {
        let spec = pod["spec"]
        let oldSpec = old["spec"] ?? [:]
        guard spec.value != oldSpec else { return }
        for list in ["containers", "initContainers"] where spec[list].count != oldSpec.list(list).count {
            spec[list].forbidden("pod updates may not add or remove containers")
            return
        }
        activeDeadline(spec["activeDeadlineSeconds"], old: oldSpec["activeDeadlineSeconds"])
        onlyAdditions(spec["tolerations"], old: oldSpec.list("tolerations"))
        gates(spec["schedulingGates"], old: oldSpec.list("schedulingGates"))

        // With everything that may change put back, nothing may be different.
        var rest = spec.value ?? [:]
        for list in ["containers", "initContainers"] {
            let before = oldSpec.list(list)
            var index = 0
            rest.editEach(list) { container in
                container.take("image", from: before[index])
                index += 1
            }
        }
        rest.take("activeDeadlineSeconds", from: oldSpec)
        rest.take("tolerations", from: oldSpec)
        if oldSpec.number("terminationGracePeriodSeconds") < 0, spec["terminationGracePeriodSeconds"].int == 1 {
            rest.take("terminationGracePeriodSeconds", from: oldSpec)
        }
        if !oldSpec.list("schedulingGates").isEmpty {
            rest.take("schedulingGates", from: oldSpec)
            // A gated pod waits: where it may go can still be narrowed.
            rest.take("nodeSelector", from: oldSpec)
            rest.take("affinity", from: oldSpec)
        }
        if rest != oldSpec { spec.forbidden(mutableFields + difference(rest, oldSpec)) }
    }

    /// The names of what differs, behind upstream's words.
    private static func difference(_ new: JSONValue, _ old: JSONValue) -> String {
        var names: [String] = []
        for key in (new.objectValue ?? [:]).keys + (old.objectValue ?? [:]).keys where new[key] != old[key] && !names.contains(key) {
            names.append(key)
        }
        return "\n  changed: " + names.map { "spec." + $0 }.joined(separator: ", ") + "\n"
    }

    private static func activeDeadline(_ field: Field, old: JSONValue?) {
        guard let old = old?.integerValue else { return }
        if !field.exists {
            field.invalid(.null, "must not update from a positive integer to nil value")
        } else if field.int > old {
            field.invalid("must be less than or equal to previous value")
        }
    }

    private static func onlyAdditions(_ tolerations: Field, old: [JSONValue]) {
        let new = tolerations.value?.arrayValue ?? []
        for toleration in old {
            let kept = new.contains { candidate in
                ["key", "operator", "value", "effect"].allSatisfy { candidate[$0] ?? "" == toleration[$0] ?? "" }
            }
            if !kept { tolerations.forbidden("existing toleration can not be modified except its tolerationSeconds") }
        }
    }

    private static func gates(_ gates: Field, old: [JSONValue]) {
        gates.each { gate in
            if !old.contains(gate.value ?? .null) {
                gates.forbidden("only deletion is allowed, but found new scheduling gate '\(gate["name"].string)'")
            }
        }
    }

    // MARK: Ephemeral containers

    @Sendable static func prepareEphemeralContainers(_ new: inout JSONValue, _ old: JSONValue) {
        let containers = new.at("spec", "ephemeralContainers")
        var merged = old
        merged["metadata"] = new["metadata"]
        merged.editOrMake("spec") { spec in
            spec["ephemeralContainers"] = containers
            spec.editEach("ephemeralContainers", ContainerDefaults.apply)
        }
        new = merged
    }

    @Sendable static func validateEphemeralContainers(_ pod: Field, _ old: JSONValue) {
        let containers = pod["spec"]["ephemeralContainers"]
        let now = containers.value?.arrayValue ?? []
        for existing in old.list("spec", "ephemeralContainers") {
            let name = existing.text("name")
            guard let same = now.first(where: { $0.text("name") == name }) else {
                containers.forbidden("existing ephemeral containers \(goQuoted(name)) may not be removed\n")
                continue
            }
            if same != existing { containers.forbidden("existing ephemeral containers \(goQuoted(name)) may not be changed\n") }
        }
    }

    // MARK: Resize

    @Sendable static func prepareResize(_ new: inout JSONValue, _ old: JSONValue) {
        var merged = old
        merged["metadata"] = new["metadata"]
        for list in ["containers", "initContainers"] {
            let wanted = new.list("spec", list)
            merged.edit("spec") { spec in
                spec.editEach(list) { container in
                    let name = container.text("name")
                    guard let change = wanted.first(where: { $0.text("name") == name }) else { return }
                    container.take("resources", from: change)
                    container.take("resizePolicy", from: change)
                }
            }
        }
        new = merged
    }

    @Sendable static func validateResize(_ pod: Field, _ old: JSONValue) {
        if PodQuality.class(of: pod["spec"].value ?? [:]) != old.text("status", "qosClass") {
            pod["spec"].invalid(.string(old.text("status", "qosClass")), "Pod QOS Class may not change as a result of resizing")
        }
        for list in ["containers", "initContainers"] {
            let before = old.list("spec", list)
            var index = 0
            pod["spec"][list].each { container in
                defer { index += 1 }
                guard index < before.count else { return }
                for part in ["requests", "limits"] {
                    let amounts = container["resources"][part]
                    for (name, amount) in amounts.value?.objectValue ?? [:] where name != "cpu" && name != "memory" {
                        if before[index].at("resources", part, name) != amount {
                            amounts.errors.add(FieldError(.forbidden, container["resources"].path, "only cpu and memory resources are mutable"))
                        }
                    }
                }
            }
        }
    }
}
