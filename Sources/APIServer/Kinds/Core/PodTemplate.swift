import JSON

extension Strategy {
    static let podTemplate = Strategy {
        $0.warnings = PodWarnings.inObject(at: ["template"])
        $0.returnsDeleted = true
        $0.emptyStatus = nil
        $0.defaults = { $0.edit("template", PodSpecDefaults.applyToTemplate) }
        $0.validate = { TemplateRules.validate($0["template"]) }
        $0.generation = [["template"]]
        $0.table = TableView([.name, .text("Containers"), .text("Images"), .text("Pod Labels")]) { object in
            let (names, images) = TemplateRules.containerNamesAndImages(object, ["template", "spec"])
            return [
                .name, .value(.string(names)), .value(.string(images)),
                .text(LabelSelectorTree.text(labels: object.at("template", "metadata", "labels"))),
            ]
        }
    }
}
