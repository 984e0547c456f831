import JSON
import KubernetesAPI

extension Strategy {
    static let deployment = Strategy {
        $0.warnings = PodWarnings.inObject(at: ["spec", "template"])
        $0.defaults = { deployment in
            deployment.editOrMake("spec") { spec in
                spec.setDefault("replicas", 1)
                spec.editOrMake("strategy") { strategy in
                    strategy.setDefaultString("type", "RollingUpdate")
                    if strategy.text("type") == "RollingUpdate" {
                        strategy.editOrMake("rollingUpdate") { rolling in
                            rolling.setDefault("maxUnavailable", "25%")
                            rolling.setDefault("maxSurge", "25%")
                        }
                    }
                }
                spec.setDefault("revisionHistoryLimit", 10)
                spec.setDefault("progressDeadlineSeconds", 600)
                spec.edit("template", PodSpecDefaults.applyToTemplate)
            }
        }
        $0.validate = { deployment in
            let spec = deployment["spec"]
            spec["replicas"].nonNegative()
            TemplateRules.validateSelectorAndTemplate(spec, kind: "deployment")
            strategy(spec["strategy"])
            spec["minReadySeconds"].nonNegative()
            spec["revisionHistoryLimit"].nonNegative()
            let deadline = spec["progressDeadlineSeconds"]
            if deadline.exists {
                deadline.nonNegative()
                if deadline.int <= spec["minReadySeconds"].int { deadline.invalid("must be greater than minReadySeconds") }
            }
        }
        $0.validateUpdate = { deployment, old in deployment["spec"]["selector"].immutable(since: old.at("spec", "selector")) }
        $0.generation = [["spec"], ["metadata", "annotations"]]
        $0.scale = ScaleView()
        $0.table = TableView([
            .name, .text("Ready"), .integer("Up-to-date"), .integer("Available"), .age, .text("Containers", wide: true), .text("Images", wide: true),
            .text("Selector", wide: true),
        ]) { deployment in
            let (names, images) = TemplateRules.containerNamesAndImages(deployment)
            return [
                .name, .value(.string("\(deployment.number("status", "readyReplicas"))/\(deployment.number("spec", "replicas"))")),
                .integer(deployment.number("status", "updatedReplicas")), .integer(deployment.number("status", "availableReplicas")), .age,
                .value(.string(names)), .value(.string(images)), .value(.string(LabelSelectorTree.text(deployment.at("spec", "selector") ?? [:]))),
            ]
        }
    }

    private static func strategy(_ strategy: Field) {
        let rolling = strategy["rollingUpdate"]
        switch strategy["type"].string {
        case "Recreate":
            if rolling.exists { rolling.forbidden("may not be specified when strategy `type` is 'Recreate'") }
        case "RollingUpdate":
            let unavailable = rolling["maxUnavailable"]
            let surge = rolling["maxSurge"]
            TemplateRules.intOrPercent(unavailable)
            TemplateRules.intOrPercent(surge)
            if TemplateRules.isZero(unavailable), TemplateRules.isZero(surge) { unavailable.invalid("may not be 0 when `maxSurge` is 0") }
            TemplateRules.notMoreThanHundredPercent(unavailable)
        default:
            strategy["type"].oneOf(["Recreate", "RollingUpdate"])
        }
    }
}
