import JSON

extension Strategy {
    static let statefulSet = Strategy {
        $0.warnings = PodWarnings.inObject(at: ["spec", "template"])
        $0.defaults = { set in
            set.editOrMake("spec") { spec in
                spec.setDefaultString("podManagementPolicy", "OrderedReady")
                spec.editOrMake("updateStrategy") { strategy in
                    strategy.setDefaultString("type", "RollingUpdate")
                    if strategy.text("type") == "RollingUpdate" {
                        strategy.editOrMake("rollingUpdate") { $0.setDefault("partition", 0) }
                    }
                }
                spec.editOrMake("persistentVolumeClaimRetentionPolicy") { policy in
                    policy.setDefaultString("whenDeleted", "Retain")
                    policy.setDefaultString("whenScaled", "Retain")
                }
                spec.setDefault("replicas", 1)
                spec.setDefault("revisionHistoryLimit", 10)
                spec.setDefault("serviceName", "")
                spec.edit("template", PodSpecDefaults.applyToTemplate)
                spec.editEach("volumeClaimTemplates") { claim in
                    claim.setDefault("apiVersion", "v1")
                    claim.setDefault("kind", "PersistentVolumeClaim")
                    claim.editOrMake("spec", VolumeDefaults.claimSpec)
                    claim.editOrMake("status") { $0.setDefaultString("phase", "Pending") }
                }
            }
        }
        $0.emptyStatus = ["replicas": 0, "availableReplicas": 0]
        $0.validate = { set in
            let spec = set["spec"]
            spec["podManagementPolicy"].requiredOneOf(["OrderedReady", "Parallel"])
            spec["updateStrategy"]["type"].requiredOneOf(["OnDelete", "RollingUpdate"])
            let rolling = spec["updateStrategy"]["rollingUpdate"]
            if spec["updateStrategy"]["type"].string == "OnDelete", rolling.exists {
                rolling.invalid("only allowed for updateStrategy 'RollingUpdate'")
            }
            rolling["partition"].nonNegative()
            let unavailable = rolling["maxUnavailable"]
            TemplateRules.intOrPercent(unavailable)
            TemplateRules.notMoreThanHundredPercent(unavailable)
            if TemplateRules.isZero(unavailable) { unavailable.invalid("cannot be 0") }
            spec["ordinals"]["start"].nonNegative()
            for field in ["whenDeleted", "whenScaled"] { spec["persistentVolumeClaimRetentionPolicy"][field].oneOf(["Retain", "Delete"]) }
            spec["replicas"].nonNegative()
            spec["minReadySeconds"].nonNegative()
            let claims = (spec["volumeClaimTemplates"].value?.arrayValue ?? [])
                .map { ($0.text("metadata", "name"), $0.text("spec", "volumeMode") == "Block") }
            TemplateRules.validateSelectorAndTemplate(
                spec, kind: "statefulset", furtherVolumes: Dictionary(claims) { first, _ in first })
        }
        $0.validateUpdate = { set, old in
            // Everything but these makes the set another one.
            let mutable = [
                "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy",
                "minReadySeconds",
            ]
            var rest = set["spec"].value ?? [:]
            let before = old["spec"] ?? [:]
            for field in mutable { rest.take(field, from: before) }
            if rest != before {
                set["spec"].forbidden(
                    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
                )
            }
        }
        $0.generation = [["spec"]]
        $0.scale = ScaleView()
        $0.table = TableView([.name, .text("Ready"), .age, .text("Containers", wide: true), .text("Images", wide: true)]) { set in
            let (names, images) = TemplateRules.containerNamesAndImages(set)
            return [
                .name, .value(.string("\(set.number("status", "readyReplicas"))/\(set.number("spec", "replicas"))")), .age, .value(.string(names)),
                .value(.string(images)),
            ]
        }
    }
}
