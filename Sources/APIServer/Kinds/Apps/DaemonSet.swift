import JSON

extension Strategy {
    static let daemonSet = Strategy {
        $0.warnings = PodWarnings.inObject(at: ["spec", "template"])
        $0.defaults = { set in
            set.editOrMake("spec") { spec in
                spec.editOrMake("updateStrategy") { strategy in
                    strategy.setDefaultString("type", "RollingUpdate")
                    if strategy.text("type") == "RollingUpdate" {
                        strategy.editOrMake("rollingUpdate") { rolling in
                            rolling.setDefault("maxUnavailable", 1)
                            rolling.setDefault("maxSurge", 0)
                        }
                    }
                }
                spec.setDefault("revisionHistoryLimit", 10)
                spec.edit("template", PodSpecDefaults.applyToTemplate)
            }
        }
        $0.emptyStatus = ["currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0]
        $0.prepareCreate = { set, _ in countTemplateGeneration(&set, from: 1) }
        $0.prepareUpdate = { set, old, _ in
            set.editOrMake("metadata") { metadata in
                // An old way of counting templates; kept in an annotation.
                metadata.editOrMake("annotations") { annotations in
                    if let generation = old.at("metadata", "annotations", generationAnnotation) { annotations[generationAnnotation] = generation }
                }
            }
            if set.at("spec", "template") != old.at("spec", "template") {
                let last = Int64(old.at("metadata", "annotations", generationAnnotation)?.stringValue ?? "") ?? 1
                countTemplateGeneration(&set, from: last &+ 1)
            }
        }
        $0.validate = { set in
            let spec = set["spec"]
            TemplateRules.validateSelectorAndTemplate(spec, kind: "daemonset")
            spec["minReadySeconds"].nonNegative()
            spec["revisionHistoryLimit"].nonNegative()
            let rolling = spec["updateStrategy"]["rollingUpdate"]
            switch spec["updateStrategy"]["type"].string {
            case "OnDelete": break
            case "RollingUpdate":
                let unavailable = rolling["maxUnavailable"]
                let surge = rolling["maxSurge"]
                TemplateRules.intOrPercent(unavailable)
                TemplateRules.intOrPercent(surge)
                TemplateRules.notMoreThanHundredPercent(unavailable)
                TemplateRules.notMoreThanHundredPercent(surge)
                if TemplateRules.isZero(unavailable), TemplateRules.isZero(surge) {
                    unavailable.errors.add(FieldError(.required, unavailable.path, "cannot be 0 when maxSurge is 0"))
                }
                if !TemplateRules.isZero(unavailable), !TemplateRules.isZero(surge), surge.exists {
                    surge.invalid("may not be set when maxUnavailable is non-zero")
                }
            default: spec["updateStrategy"]["type"].oneOf(["OnDelete", "RollingUpdate"])
            }
        }
        $0.validateUpdate = { set, old in set["spec"]["selector"].immutable(since: old.at("spec", "selector")) }
        $0.generation = [["spec"]]
        $0.table = TableView([
            .name, .integer("Desired"), .integer("Current"), .integer("Ready"), .integer("Up-to-date"), .integer("Available"), .text("Node Selector"),
            .age, .text("Containers", wide: true), .text("Images", wide: true), .text("Selector", wide: true),
        ]) { set in
            let (names, images) = TemplateRules.containerNamesAndImages(set)
            return [
                .name, .integer(set.number("status", "desiredNumberScheduled")), .integer(set.number("status", "currentNumberScheduled")),
                .integer(set.number("status", "numberReady")), .integer(set.number("status", "updatedNumberScheduled")),
                .integer(set.number("status", "numberAvailable")),
                .text(LabelSelectorTree.text(labels: set.at("spec", "template", "spec", "nodeSelector"))), .age, .value(.string(names)),
                .value(.string(images)), .value(.string(LabelSelectorTree.text(set.at("spec", "selector") ?? [:]))),
            ]
        }
    }

    private static let generationAnnotation = "deprecated.daemonset.template.generation"

    private static func countTemplateGeneration(_ set: inout JSONValue, from generation: Int64) {
        set.editOrMake("metadata") { $0.editOrMake("annotations") { $0[generationAnnotation] = .string("\(generation)") } }
    }
}
