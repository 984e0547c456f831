import JSON
import KubernetesAPI

/// Rules for labels, annotations and label selectors wherever they stand.
enum LabelRules {
    static func labels(_ labels: Field) {
        guard let object = labels.value?.objectValue else { return }
        for (key, value) in object {
            for complaint in NameValidation.qualifiedName(key) { labels.invalid(.string(key), complaint) }
            for complaint in NameValidation.labelValue(value.stringValue ?? "") { labels.invalid(value, complaint) }
        }
    }

    /// The most bytes that keys and values of all annotations of an object may have together.
    static let annotationBytesMax = 256 << 10

    static func annotations(_ annotations: Field) {
        guard let object = annotations.value?.objectValue else { return }
        var total = 0
        for (key, value) in object {
            for complaint in NameValidation.qualifiedName(key.lowercased()) { annotations.invalid(.string(key), complaint) }
            total += key.utf8.count + (value.stringValue?.utf8.count ?? 0)
        }
        if total > annotationBytesMax { annotations.add(.tooLong, "may not be more than \(annotationBytesMax) bytes") }
    }

    /// A `LabelSelector`.
    static func selector(_ selector: Field) {
        guard selector.exists else { return }
        labels(selector["matchLabels"])
        selector["matchExpressions"].each { requirement in
            let values = requirement["values"]
            switch requirement["operator"].string {
            case "In", "NotIn":
                if values.count == 0 { values.errors.add(FieldError(.required, values.path, "must be specified when `operator` is 'In' or 'NotIn'")) }
            case "Exists", "DoesNotExist":
                if values.count > 0 { values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'") }
            default:
                requirement["operator"].invalid(.string(requirement["operator"].string), "not a valid selector operator")
            }
            requirement["key"].matches(NameValidation.qualifiedName)
            values.each { $0.matches(NameValidation.labelValue) }
        }
    }
}

extension Field {
    /// As `matches`, for fields that may be empty.
    @discardableResult
    func matchesUnlessEmpty(_ rule: (String) -> [String]) -> Field {
        string.isEmpty ? self : matches(rule)
    }
}
