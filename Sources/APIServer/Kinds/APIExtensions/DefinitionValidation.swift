import JSON
import KubernetesAPI

/// The rules of a CustomResourceDefinition, apart from those of its schemas.
enum DefinitionValidation {
    static func name(_ definition: Field) {
        let spec = definition["spec"]
        let name = definition["metadata"]["name"]
        if name.string != "\(spec["names"]["plural"].string).\(spec["group"].string)" { name.invalid(#"must be spec.names.plural+"."+spec.group"#) }
    }

    /// - Parameter old: what the definition was before a change.
    static func definition(_ definition: Field, old: JSONValue?) {
        let given = definition["spec"]
        spec(given.with(DefinitionView.of(given.value ?? [:])), old: old?["spec"])
        if let old { unchanged(given, old, of: definition) }
        names(definition["status"]["acceptedNames"])
        storedVersions(definition["status"]["storedVersions"], given["versions"])
        approval(definition, old: old)
        let keeps = given["preserveUnknownFields"]
        if keeps.bool, old?.at("spec", "preserveUnknownFields")?.boolValue != true {
            keeps.invalid("cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead")
        }
    }

    /// - Parameter spec: as ``DefinitionView`` shows it.
    private static func spec(_ spec: Field, old: JSONValue?) {
        let group = spec["group"]
        if group.string.isEmpty {
            group.missing()
        } else if let complaint = complaint(NameValidation.dns1123Subdomain(group.string)) {
            group.invalid(complaint)
        } else if !group.string.contains(".") {
            group.invalid("should be a domain with at least one dot")
        }
        spec["scope"].requiredOneOf(["Cluster", "Namespaced"])
        let versions = spec["versions"]
        if !spec["validation"]["openAPIV3Schema"].exists {
            versions.each { if !$0["schema"]["openAPIV3Schema"].exists { $0["schema"]["openAPIV3Schema"].missing() } }
        }
        let ownSubresources = versions.value?.arrayValue?.contains { $0["subresources"]?.isNull == false } ?? false
        versions.each { version in
            if let complaint = complaint(NameValidation.dns1035Label(version["name"].string)) { version["name"].invalid(complaint) }
            let subresources = ownSubresources ? version["subresources"] : spec["subresources"]
            self.version(version, hasStatus: subresources["status"].exists)
        }
        let named = (versions.value?.arrayValue ?? []).map { $0.text("name") }
        if Set(named).count != named.count { versions.invalid(shown(versions), "must contain unique version names") }
        let stored = (versions.value?.arrayValue ?? []).count { $0["storage"]?.boolValue ?? false }
        if stored != 1 { versions.invalid(shown(versions), "must have exactly one version marked as storage version") }
        if !spec["version"].string.isEmpty, let complaint = complaint(NameValidation.dns1035Label(spec["version"].string)) {
            spec["version"].invalid(complaint)
        }
        for name in ["plural", "singular", "kind", "listKind"] where spec["names"][name].string.isEmpty { spec["names"][name].missing() }
        names(spec["names"])
        let anyStatus =
            spec["subresources"]["status"].exists
            || (versions.value?.arrayValue?.contains { $0.at("subresources", "status")?.isNull == false } ?? false)
        SchemaValidation.schema(spec["validation"], hasStatus: anyStatus)
        subresources(spec["subresources"])
        spec["additionalPrinterColumns"].each(column)
        SelectableFields.validate(spec["selectableFields"], schema: spec["validation"]["openAPIV3Schema"])
        conversion(spec["conversion"], old: old)
    }

    private static func version(_ version: Field, hasStatus: Bool) {
        let warning = version["deprecationWarning"]
        if warning.exists {
            if !version["deprecated"].bool {
                warning.invalid("can only be set for deprecated versions")
            } else {
                if warning.string.utf8.count > 256 { warning.invalid("must be <= 256 characters long") }
                if warning.string.isEmpty { warning.invalid("must not be an empty string") }
                if let index = warning.string.unicodeScalars.firstIndex(where: { !isPrintable($0) }) {
                    let offset = warning.string.utf8.distance(from: warning.string.startIndex, to: index)
                    warning.invalid("must only contain printable UTF-8 characters; non-printable character found at index \(offset)")
                }
            }
        }
        SchemaValidation.schema(version["schema"], hasStatus: hasStatus)
        subresources(version["subresources"])
        version["additionalPrinterColumns"].each(column)
        SelectableFields.validate(version["selectableFields"], schema: version["schema"]["openAPIV3Schema"])
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    /// What the stored objects depend on.
    private static func unchanged(_ spec: Field, _ old: JSONValue, of definition: Field) {
        let before = old["spec"] ?? [:]
        let isEstablished = old.list("status", "conditions").contains { $0.text("type") == "Established" && $0.text("status") == "True" }
        if isEstablished {
            spec["scope"].immutable(since: before["scope"])
            spec["names"]["kind"].immutable(since: before.at("names", "kind"))
        }
        spec["group"].immutable(since: before["group"])
        spec["names"]["plural"].immutable(since: before.at("names", "plural"))
    }

    static func names(_ names: Field) {
        for name in ["plural", "singular"] where !names[name].string.isEmpty {
            if let complaint = complaint(NameValidation.dns1035Label(names[name].string)) { names[name].invalid(complaint) }
        }
        for name in ["kind", "listKind"] where !names[name].string.isEmpty {
            guard let complaint = complaint(NameValidation.dns1035Label(names[name].string.lowercased())) else { continue }
            names[name].invalid("may have mixed case, but should otherwise match: " + complaint)
        }
        names["shortNames"].each { if let complaint = complaint(NameValidation.dns1035Label($0.string)) { $0.invalid(complaint) } }
        if !names["kind"].string.isEmpty, names["kind"].string == names["listKind"].string {
            names["listKind"].invalid("kind and listKind may not be the same")
        }
        names["categories"].each { if let complaint = complaint(NameValidation.dns1035Label($0.string)) { $0.invalid(complaint) } }
    }

    private static func storedVersions(_ stored: Field, _ versions: Field) {
        guard stored.count > 0 else { return stored.invalid("must have at least one stored version") }
        let known = versions.value?.arrayValue ?? []
        let listed = stored.value?.arrayValue ?? []
        for version in known where version["storage"]?.boolValue ?? false {
            guard let name = version["name"], !listed.contains(name) else { continue }
            stored.invalid("must have the storage version \(version.text("name"))")
        }
        stored.each { version in
            guard !known.contains(where: { $0["name"] == version.value }) else { return }
            let name = version.string
            version.invalid(
                "missing from spec.versions; \(name) was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in \(name) and removes \(name) from status.storedVersions"
            )
        }
    }

    // MARK: Approval of the project's own groups

    private static let approvalAnnotation = "api-approved.kubernetes.io"

    private static func approval(_ definition: Field, old: JSONValue?) {
        let group = definition["spec"]["group"].string
        guard ["k8s.io", "kubernetes.io"].contains(where: { group == $0 || group.hasSuffix("." + $0) }) else { return }
        let annotations = definition["metadata"]["annotations"]
        let text = annotations.value?.text(approvalAnnotation) ?? ""
        let approval = Approval(text)
        if let old, Approval(old.at("metadata", "annotations")?.text(approvalAnnotation) ?? "") == approval { return }
        let place = Field(.string(text), at: .entry(annotations.path, approvalAnnotation), errors: annotations.errors)
        let more = "see https://github.com/kubernetes/enhancements/pull/1111"
        switch approval {
        case .missing: place.missing("protected groups must have approval annotation \(goQuoted(approvalAnnotation)), \(more)")
        case .unclear:
            place.invalid(
                "protected groups must have approval annotation \(goQuoted(approvalAnnotation)) with either a URL or a reason starting with \"unapproved\", \(more)"
            )
        case .given, .waived: break
        }
    }

    private enum Approval {
        case missing, unclear, given, waived

        init(_ text: String) {
            let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
            let isURL = parts.count == 2 && parts[0].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
            if text.isEmpty {
                self = .missing
            } else if text.hasPrefix("unapproved") {
                self = .waived
            } else if isURL, parts[0].first?.isLetter == true, let first = parts[1].first, first != "/" {
                self = .given
            } else {
                self = .unclear
            }
        }
    }

    // MARK: Parts

    private static let columnTypes = ["boolean", "date", "integer", "number", "string"]
    private static let columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"]

    private static func column(_ column: Field) {
        if column["name"].string.isEmpty { column["name"].missing() }
        let type = column["type"]
        let types = "must be one of " + columnTypes.joined(separator: ",")
        if type.string.isEmpty { type.missing(types) } else if !columnTypes.contains(type.string) { type.invalid(types) }
        let format = column["format"]
        if !format.string.isEmpty, !columnFormats.contains(format.string) {
            format.invalid("must be one of " + columnFormats.joined(separator: ","))
        }
        // Under the name that the field has in upstream's code.
        let path = Field(column["jsonPath"].value, at: .member(column.path, "JSONPath"), errors: column.errors)
        if path.string.isEmpty { path.missing() } else { simplePath(path) }
    }

    private static func subresources(_ subresources: Field) {
        subresources["scale"].ifPresent { scale in
            for (name, root) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
                let path = scale[name]
                if path.string.isEmpty {
                    path.missing()
                } else if simplePath(path), !path.string.hasPrefix(root) {
                    path.invalid("should be a json path under \(root.dropLast())")
                }
            }
            let labels = scale["labelSelectorPath"]
            guard !labels.string.isEmpty, simplePath(labels) else { return }
            if !labels.string.hasPrefix(".spec."), !labels.string.hasPrefix(".status.") {
                labels.invalid("should be a json path under either .spec or .status")
            }
        }
    }

    @discardableResult
    private static func simplePath(_ path: Field) -> Bool {
        if path.string.hasPrefix(".") { return true }
        path.invalid("must be a simple json path starting with .")
        return false
    }

    private static let reviewVersions = ["v1", "v1beta1"]

    private static func conversion(_ conversion: Field, old: JSONValue?) {
        guard conversion.exists else { return }
        conversion["strategy"].requiredOneOf(["None", "Webhook"])
        let (client, versions) = (conversion["webhookClientConfig"], conversion["conversionReviewVersions"])
        guard conversion["strategy"].string == "Webhook" else {
            if client.exists { client.forbidden("should not be set when strategy is not set to Webhook") }
            if versions.count > 0 { versions.forbidden("should not be set when strategy is not set to Webhook") }
            return
        }
        if client.exists { WebhookClient.validate(client) } else { client.missing("required when strategy is set to Webhook") }
        guard versions.count > 0 else { return versions.missing() }
        var seen: Set<String> = []
        versions.each { version in
            guard seen.insert(version.string).inserted else { return version.invalid("duplicate version") }
            version.matches(NameValidation.dns1035Label)
        }
        let before = (old?.at("conversion", "webhook")?.list("conversionReviewVersions") ?? []).compactMap(\.stringValue)
        let wasKnown = before.isEmpty || before.contains(where: reviewVersions.contains)
        if wasKnown, !seen.contains(where: reviewVersions.contains) {
            versions.invalid("must include at least one of " + reviewVersions.joined(separator: ", "))
        }
    }

    /// All complaints about one value as one.
    private static func complaint(_ complaints: [String]) -> String? {
        complaints.isEmpty ? nil : complaints.joined(separator: ",")
    }

    /// Versions as upstream prints them, which is under the names that the fields have in its code.
    private static func shown(_ versions: Field) -> JSONValue {
        let names = [
            ("Name", "name"), ("Served", "served"), ("Storage", "storage"), ("Deprecated", "deprecated"),
            ("DeprecationWarning", "deprecationWarning"), ("Schema", "schema"), ("Subresources", "subresources"),
            ("AdditionalPrinterColumns", "additionalPrinterColumns"), ("SelectableFields", "selectableFields"),
        ]
        let flags: Set = ["served", "storage", "deprecated"]
        return .array(
            (versions.value?.arrayValue ?? []).map { version in
                var object: JSONValue = [:]
                for (name, key) in names { object[name] = version[key] ?? (flags.contains(key) ? false : .null) }
                return object
            })
    }
}

extension Field {
    /// Notes that the value is missing, whatever it is.
    func missing(_ detail: String = "") { errors.add(FieldError(.required, path, detail)) }
}
