import JSON
import KubernetesAPI

extension Strategy {
    static let job = Strategy {
        $0.warnings = PodWarnings.inObject(at: ["spec", "template"])
        $0.defaults = { job in
            job.editOrMake("spec") { spec in
                if spec["completions"] == nil, spec["parallelism"] == nil {
                    spec["completions"] = 1
                    spec["parallelism"] = 1
                }
                spec.setDefault("parallelism", 1)
                let perIndex = spec["backoffLimitPerIndex"] != nil
                spec.setDefault("backoffLimit", perIndex ? .integer(Int64(Int32.max)) : 6)
                spec.setDefaultString("completionMode", "NonIndexed")
                spec.setDefault("suspend", false)
                let judgesFailures = spec["podFailurePolicy"] != nil
                spec.setDefaultString("podReplacementPolicy", judgesFailures ? "Failed" : "TerminatingOrFailed")
                JobRules.podFailurePolicyDefaults(&spec)
                spec.edit("template", PodSpecDefaults.applyToTemplate)
            }
            let labels = job.at("spec", "template", "metadata", "labels")
            if let labels, !labels.isZero, job.at("metadata", "labels")?.isZero ?? true {
                job.editOrMake("metadata") { $0["labels"] = labels }
            }
        }
        $0.prepareCreate = { job, _ in JobRules.generateSelector(&job) }
        $0.validate = { job in JobRules.validate(job["spec"], hasSelector: true) }
        $0.validateUpdate = { job, old in JobRules.validateUpdate(job, old) }
        $0.generation = [["spec"]]
        $0.orphansByDefault = true
        $0.selectableFields = ["status.successful": { "\($0.number("status", "succeeded"))" }]
        $0.table = TableView([
            .name, .text("Status"), .text("Completions"), .text("Duration"), .age, .text("Containers", wide: true), .text("Images", wide: true),
            .text("Selector", wide: true),
        ]) { job in
            let (names, images) = TemplateRules.containerNamesAndImages(job)
            let started = job.text("status", "startTime")
            return [
                .name, .value(.string(JobRules.state(job))), .value(.string(JobRules.completions(job))),
                started.isEmpty ? .value("") : .between(started, job.text("status", "completionTime")), .age, .value(.string(names)),
                .value(.string(images)), .value(.string(LabelSelectorTree.text(job.at("spec", "selector") ?? [:]))),
            ]
        }
    }
}

enum JobRules {
    static func podFailurePolicyDefaults(_ spec: inout JSONValue) {
        spec.edit("podFailurePolicy") { policy in
            policy.editEach("rules") { rule in
                rule.editEach("onPodConditions") { $0.setDefaultString("status", "True") }
            }
        }
    }

    /// Labels the pods of the job with its uid and selects them by it, unless the user manages the selector.
    static func generateSelector(_ job: inout JSONValue) {
        guard job.at("spec", "manualSelector")?.boolValue != true else { return }
        let uid: JSONValue = job.at("metadata", "uid") ?? ""
        let name: JSONValue = job.at("metadata", "name") ?? ""
        job.editOrMake("spec") { spec in
            spec.editOrMake("template") { template in
                template.editOrMake("metadata") { metadata in
                    metadata.editOrMake("labels") { labels in
                        for (key, value) in [("controller-uid", uid), ("job-name", name)] {
                            labels.setDefault(key, value)
                            labels.setDefault("batch.kubernetes.io/" + key, value)
                        }
                    }
                }
            }
            spec.editOrMake("selector") { selector in
                selector.editOrMake("matchLabels") { $0.setDefault("batch.kubernetes.io/controller-uid", uid) }
            }
        }
    }

    static func validate(_ spec: Field, hasSelector: Bool) {
        for field in [
            "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex",
            "maxFailedIndexes",
        ] {
            spec[field].nonNegative()
        }
        if spec["completionMode"].string == "Indexed" {
            if !spec["completions"].exists {
                spec["completions"].errors.add(FieldError(.required, spec["completions"].path, "when completion mode is Indexed"))
            }
        } else {
            spec["completionMode"].oneOf(["NonIndexed", "Indexed"])
            if spec["backoffLimitPerIndex"].exists { spec["backoffLimitPerIndex"].invalid("requires indexed completion mode") }
            if spec["successPolicy"].exists { spec["successPolicy"].invalid("requires indexed completion mode") }
        }
        indexLimits(spec)
        spec["podReplacementPolicy"].oneOf(["Failed", "TerminatingOrFailed"])
        if spec["podFailurePolicy"].exists { spec["podReplacementPolicy"].oneOf(["Failed"]) }
        spec["managedBy"].ifPresent { manager in
            let parts = manager.string.split(separator: "/", omittingEmptySubsequences: false)
            if manager.string.utf8.count > maxManagerLength || parts.count != 2 || parts.contains("") {
                manager.invalid("must be a domain-prefixed path (such as \"acme.io/foo\") of at most \(maxManagerLength) characters")
            }
        }
        successPolicy(spec["successPolicy"], completions: spec["completions"].int)
        let template = spec["template"]
        guard template.exists else {
            template.required()
            return
        }
        if hasSelector {
            let selector = spec["selector"]
            if selector.exists { LabelRules.selector(selector) } else { selector.required() }
            let labels = template["metadata"]["labels"]
            if selector.exists, !LabelSelectorTree.matches(selector.value, labels: labels.value) {
                labels.invalid(labels.value ?? .null, "`selector` does not match template `labels`")
            }
        }
        TemplateRules.validate(template)
        let policy = template["spec"]["restartPolicy"]
        if policy.string == "Always" {
            policy.errors.add(FieldError(.required, policy.path, "valid values: \"OnFailure\", \"Never\""))
        } else {
            policy.oneOf(["OnFailure", "Never"])
        }
        podFailurePolicy(spec["podFailurePolicy"], of: spec, restartPolicy: policy.string)
    }

    private static let maxManagerLength = 63
    /// Pods of an indexed job at a time, so that its status stays small.
    private static let maxIndexedParallelism: Int64 = 100_000

    private static func indexLimits(_ spec: Field) {
        let isIndexed = spec["completionMode"].string == "Indexed"
        if isIndexed, spec["parallelism"].int > maxIndexedParallelism {
            spec["parallelism"].invalid("must be less than or equal to \(maxIndexedParallelism) when completion mode is Indexed")
        }
        let most = spec["maxFailedIndexes"]
        guard most.exists else { return }
        if !spec["backoffLimitPerIndex"].exists {
            spec["backoffLimitPerIndex"].errors.add(FieldError(.required, spec["backoffLimitPerIndex"].path, "when maxFailedIndexes is specified"))
        }
        if spec["completions"].exists, most.int > spec["completions"].int { most.invalid("must be less than or equal to completions") }
    }

    private static func successPolicy(_ policy: Field, completions: Int64) {
        guard policy.exists else { return }
        if policy["rules"].count == 0 { policy["rules"].required("at least one rules must be specified when the successPolicy is specified") }
        policy["rules"].maxItems(20).each { rule in
            if !rule["succeededIndexes"].exists, !rule["succeededCount"].exists {
                rule.required("at least one of succeededCount or succeededIndexes must be specified")
            }
            rule["succeededCount"].ifPresent { count in
                count.positive()
                if count.int > completions { count.invalid("must be less than or equal to \(completions) (the number of specified completions)") }
            }
            rule["succeededIndexes"].ifPresent { indexes in
                if let complaint = complaint(aboutIndexes: indexes.string, completions) { indexes.invalid(complaint) }
            }
        }
    }

    /// Intervals in rising order, as `0,2-4`; nil when they are well.
    private static func complaint(aboutIndexes text: String, _ completions: Int64) -> String? {
        var last: Int64 = -1
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let bounds = part.split(separator: "-", omittingEmptySubsequences: false)
            guard (1...2).contains(bounds.count) else {
                return "the fragment \"\(part)\" violates the requirement that an index interval can have at most two parts separated by '-'"
            }
            for bound in bounds {
                guard let index = Int64(bound), index >= 0 else { return "cannot convert string to integer for index: \"\(bound)\"" }
                if index >= completions { return "too large index: \"\(bound)\"" }
                if index <= last { return "non-increasing order, previous: \(last), current: \(index)" }
                last = index
            }
        }
        return nil
    }

    private static func podFailurePolicy(_ policy: Field, of spec: Field, restartPolicy: String) {
        guard policy.exists else { return }
        if restartPolicy != "Never" { policy.invalid("only \"Never\" is supported for pod's restartPolicy with podFailurePolicy") }
        policy["rules"].maxItems(20).each { rule in
            rule["action"].requiredOneOf(["Count", "FailIndex", "FailJob", "Ignore"])
            if rule["action"].string == "FailIndex", !spec["backoffLimitPerIndex"].exists {
                rule["action"].invalid("requires the backoffLimitPerIndex to be set")
            }
            if rule["onExitCodes"].exists == (rule["onPodConditions"].count > 0) {
                rule.invalid("specifying one of OnExitCodes and OnPodConditions is required")
            }
            rule["onExitCodes"].ifPresent { codes in
                codes["operator"].requiredOneOf(["In", "NotIn"])
                codes["values"].required()
            }
        }
    }

    static func validateUpdate(_ job: Field, _ old: JSONValue) {
        let spec = job["spec"]
        let before = old["spec"] ?? [:]
        spec["selector"].immutable(since: before["selector"])
        spec["completionMode"].immutable(since: before["completionMode"])
        spec["podFailurePolicy"].immutable(since: before["podFailurePolicy"])
        spec["backoffLimitPerIndex"].immutable(since: before["backoffLimitPerIndex"])
        spec["managedBy"].immutable(since: before["managedBy"])
        spec["successPolicy"].immutable(since: before["successPolicy"])
        if spec["completionMode"].string == "Indexed" {
            // An indexed job may grow together with its parallelism.
            if spec["completions"].value != before["completions"], spec["completions"].value != spec["parallelism"].value {
                spec["completions"].invalid("may only be changed in tandem with parallelism")
            }
        } else {
            spec["completions"].immutable(since: before["completions"])
        }
        // A job that is suspended and has not started may still be told where and with what its pods run.
        let suspended = before["suspend"]?.boolValue == true && old.text("status", "startTime").isEmpty
        var template = spec["template"].value ?? [:]
        if suspended {
            let oldTemplate = before["template"] ?? [:]
            template.editOrMake("metadata") { metadata in
                metadata.take("labels", from: oldTemplate["metadata"] ?? [:])
                metadata.take("annotations", from: oldTemplate["metadata"] ?? [:])
            }
            template.editOrMake("spec") { pod in
                for field in ["nodeSelector", "affinity", "tolerations", "schedulingGates"] { pod.take(field, from: oldTemplate["spec"] ?? [:]) }
            }
        }
        spec["template"].with(template).immutable(since: before["template"])
    }

    static func state(_ job: JSONValue) -> String {
        func has(_ type: String) -> Bool {
            job.list("status", "conditions").contains { $0.text("type") == type && $0.text("status") == "True" }
        }
        if has("Complete") { return "Complete" }
        if has("Failed") { return "Failed" }
        if !job.text("metadata", "deletionTimestamp").isEmpty { return "Terminating" }
        if has("Suspended") { return "Suspended" }
        if has("FailureTarget") { return "FailureTarget" }
        if has("SuccessCriteriaMet") { return "SuccessCriteriaMet" }
        return "Running"
    }

    static func completions(_ job: JSONValue) -> String {
        let succeeded = job.number("status", "succeeded")
        if let completions = job.at("spec", "completions")?.integerValue { return "\(succeeded)/\(completions)" }
        let parallelism = job.number("spec", "parallelism")
        return parallelism > 1 ? "\(succeeded)/1 of \(parallelism)" : "\(succeeded)/1"
    }
}
