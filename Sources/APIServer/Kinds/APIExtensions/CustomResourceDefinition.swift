import JSON
import KubernetesAPI

extension Strategy {
    /// The definitions as data: who serves what they define also sets their conditions.
    static let customResourceDefinition = Strategy {
        $0.defaults = { definition in
            definition.edit("spec") { spec in
                spec.edit("names") { names in
                    let kind = names.text("kind")
                    names.setDefaultString("singular", kind.lowercased())
                    if !kind.isEmpty { names.setDefaultString("listKind", kind + "List") }
                }
                spec.setDefault("conversion", ["strategy": "None"])
                spec.edit("conversion") {
                    $0.edit("webhook") { $0.edit("clientConfig") { $0.edit("service") { $0.setDefault("port", 443) } } }
                }
            }
        }
        $0.prepareCreate = { definition, _ in
            definition["status"] = ["acceptedNames": ["kind": "", "plural": ""], "storedVersions": []]
            noteStored(&definition)
        }
        $0.prepareUpdate = { definition, _, _ in noteStored(&definition) }
        $0.validate = { definition in
            DefinitionValidation.name(definition)
            DefinitionValidation.definition(definition, old: nil)
        }
        $0.validateUpdate = { DefinitionValidation.definition($0, old: $1) }
        $0.validatesChangesOnly = true
        $0.validateStatusUpdate = { definition, _ in DefinitionValidation.names(definition["status"]["acceptedNames"]) }
        $0.warnings = { definition, old in
            let before = old.map { SchemaWarnings.all($0) } ?? []
            return SchemaWarnings.all(definition).filter { !before.contains($0) }
        }
        $0.unconditionalUpdate = false
        $0.generation = [["spec"]]
    }

    /// The version in which objects are stored has to stay for as long as there may be objects in it.
    private static func noteStored(_ definition: inout JSONValue) {
        guard let name = definition.list("spec", "versions").first(where: { $0["storage"]?.boolValue ?? false })?["name"] else { return }
        definition.editOrMake("status") { status in
            let stored = status.list("storedVersions")
            if !stored.contains(name) { status["storedVersions"] = .array(stored + [name]) }
        }
    }
}
