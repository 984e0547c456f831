import JSON

extension Strategy {
    static let replicationController = Strategy {
        $0.warnings = PodWarnings.inObject(at: ["spec", "template"])
        $0.defaults = { controller in
            let labels = controller.at("spec", "template", "metadata", "labels")
            if let labels, !labels.isZero {
                controller.editOrMake("spec") { if $0["selector"]?.isZero ?? true { $0["selector"] = labels } }
                controller.editOrMake("metadata") { if $0["labels"]?.isZero ?? true { $0["labels"] = labels } }
            }
            controller.editOrMake("spec") { spec in
                spec.setDefault("replicas", 1)
                spec.edit("template", PodSpecDefaults.applyToTemplate)
            }
        }
        $0.emptyStatus = ["replicas": 0]
        $0.validate = { controller in
            let spec = controller["spec"]
            spec["replicas"].nonNegative()
            spec["minReadySeconds"].nonNegative()
            let selector = spec["selector"]
            if selector.isEmpty {
                selector.required()
            } else {
                LabelRules.labels(selector)
            }
            let template = spec["template"]
            guard template.exists else {
                template.required()
                return
            }
            let labels = template["metadata"]["labels"]
            for (key, value) in selector.value?.objectValue ?? [:] where labels.value?[key] != value {
                labels.invalid(labels.value ?? .null, "`selector` does not match template `labels`")
                break
            }
            TemplateRules.validate(template)
            template["spec"]["restartPolicy"].oneOf(["Always"])
        }
        $0.generation = [["spec"]]
        $0.scale = ScaleView(selector: { LabelSelectorTree.text(labels: $0.at("spec", "selector")) })
        $0.orphansByDefault = true
        $0.selectableFields = ["status.replicas": { "\($0.number("status", "replicas"))" }]
        $0.table = .replicas { LabelSelectorTree.text(labels: $0.at("spec", "selector")) }
    }
}
