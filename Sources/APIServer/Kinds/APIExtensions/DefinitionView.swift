import JSON

/// A definition's spec as upstream's rules see it: what all versions have alike stands beside them and no longer in each.
///
/// It decides which place a mistake is said to be in: the schema of a definition with one version is at `spec.validation`.
enum DefinitionView {
    private static let parts = [
        (each: "subresources", all: "subresources"), (each: "schema", all: "validation"),
        (each: "additionalPrinterColumns", all: "additionalPrinterColumns"), (each: "selectableFields", all: "selectableFields"),
    ]

    static func of(_ spec: JSONValue) -> JSONValue {
        var view = spec
        let versions = spec.list("versions")
        if let first = versions.first {
            view["version"] = first["name"]
            for part in parts where versions.allSatisfy({ ($0[part.each] ?? .null) == (first[part.each] ?? .null) }) {
                view[part.all] = first[part.each]
                view.editEach("versions") { $0[part.each] = nil }
            }
        }
        view.edit("conversion") { conversion in
            let webhook = conversion["webhook"]
            conversion["webhook"] = nil
            conversion["webhookClientConfig"] = webhook?["clientConfig"]
            conversion["conversionReviewVersions"] = webhook?["conversionReviewVersions"]
        }
        return view
    }
}
