import JSON

extension Strategy {
    static let replicaSet = Strategy {
        $0.warnings = PodWarnings.inObject(at: ["spec", "template"])
        $0.defaults = { set in
            set.editOrMake("spec") { spec in
                spec.setDefault("replicas", 1)
                spec.edit("template", PodSpecDefaults.applyToTemplate)
            }
        }
        $0.emptyStatus = ["replicas": 0]
        $0.validate = { set in
            let spec = set["spec"]
            spec["replicas"].nonNegative()
            spec["minReadySeconds"].nonNegative()
            TemplateRules.validateSelectorAndTemplate(spec, kind: "deployment")
        }
        $0.validateUpdate = { set, old in set["spec"]["selector"].immutable(since: old.at("spec", "selector")) }
        $0.generation = [["spec"]]
        $0.scale = ScaleView()
        $0.selectableFields = ["status.replicas": { "\($0.number("status", "replicas"))" }]
        $0.table = .replicas { LabelSelectorTree.text($0.at("spec", "selector") ?? [:]) }
    }
}

extension TableView {
    /// The columns of ReplicaSet and ReplicationController.
    static func replicas(selector: @escaping @Sendable (JSONValue) -> String) -> TableView {
        TableView([
            .name, .integer("Desired"), .integer("Current"), .integer("Ready"), .age, .text("Containers", wide: true), .text("Images", wide: true),
            .text("Selector", wide: true),
        ]) { set in
            let (names, images) = TemplateRules.containerNamesAndImages(set)
            return [
                .name, .integer(set.number("spec", "replicas")), .integer(set.number("status", "replicas")),
                .integer(set.number("status", "readyReplicas")), .age, .value(.string(names)), .value(.string(images)),
                .value(.string(selector(set))),
            ]
        }
    }
}
