import JSON
import KubernetesAPI

extension Strategy {
    static let configMap = Strategy {
        $0.emptyStatus = nil
        $0.validate = { object in
            let binary = object["binaryData"]
            object["data"].entries { key, value in
                for complaint in NameValidation.configMapKey(key) { value.invalid(.string(key), complaint) }
                if binary.value?[key] != nil { value.invalid(.string(key), "duplicate of key present in binaryData") }
            }
            binary.entries { key, value in
                for complaint in NameValidation.configMapKey(key) { value.invalid(.string(key), complaint) }
            }
            DataSize.check(object)
        }
        $0.validateUpdate = { object, old in ImmutableData.validate(object, old, fields: ["data", "binaryData"]) }
        $0.table = TableView([.name, .text("Data"), .age]) { object in
            [.name, .value(.integer(Int64((object["data"]?.objectValue?.count ?? 0) + (object["binaryData"]?.objectValue?.count ?? 0)))), .age]
        }
    }
}

/// ConfigMaps and Secrets may hold one mebibyte.
enum DataSize {
    static let bytesMax = 1 << 20

    static func check(_ object: Field) {
        var total = 0
        for field in ["data", "binaryData"] {
            for (_, value) in object[field].value?.objectValue ?? [:] { total += value.stringValue?.utf8.count ?? 0 }
        }
        if total > bytesMax { object.errors.add(FieldError(.tooLong, object.path, "may not be more than \(bytesMax) bytes")) }
    }
}

/// ConfigMaps and Secrets with `immutable: true` can only change their metadata.
enum ImmutableData {
    static func validate(_ object: Field, _ old: JSONValue, fields: [String]) {
        guard old["immutable"]?.boolValue == true else { return }
        if !object["immutable"].bool { object["immutable"].forbidden("field is immutable when `immutable` is set") }
        for field in fields where (object[field].value ?? [:]) != (old[field] ?? [:]) {
            object[field].forbidden("field is immutable when `immutable` is set")
        }
    }
}
