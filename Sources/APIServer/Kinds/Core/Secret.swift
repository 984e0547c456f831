import JSON
import KubernetesAPI

extension Strategy {
    static let secret = Strategy {
        $0.emptyStatus = nil
        $0.defaults = { secret in
            mergeStringData(&secret)
            secret.setDefaultString("type", "Opaque")
        }
        $0.prepareUpdate = { secret, old, _ in
            if secret.text("type").isEmpty { secret["type"] = old["type"] }
        }
        $0.validate = { secret in
            let data = secret["data"]
            data.entries { key, value in
                for complaint in NameValidation.configMapKey(key) { value.invalid(.string(key), complaint) }
            }
            DataSize.check(secret)
            validateType(secret)
        }
        $0.validateUpdate = { secret, old in
            secret["type"].immutable(since: old["type"])
            ImmutableData.validate(secret, old, fields: ["data"])
        }
        $0.selectableFields = ["type": { $0.text("type") }]
        $0.table = TableView([.name, .text("Type"), .text("Data"), .age]) { secret in
            [.name, .value(.string(secret.text("type"))), .value(.integer(Int64(secret["data"]?.objectValue?.count ?? 0))), .age]
        }
    }

    /// `stringData` is a way of writing `data`; it is never stored.
    private static func mergeStringData(_ secret: inout JSONValue) {
        if let plain = secret["stringData"]?.objectValue, !plain.isEmpty {
            secret.editOrMake("data") { data in
                for (key, value) in plain { data[key] = .string(Base64.encode(Array((value.stringValue ?? "").utf8))) }
            }
        }
        if secret["stringData"] != nil { secret["stringData"] = nil }
    }

    private static func validateType(_ secret: Field) {
        let data = secret["data"]
        func needs(_ key: String) {
            if data.value?[key] == nil { data.errors.add(FieldError(.required, .entry(data.path, key))) }
        }
        switch secret["type"].string {
        case "kubernetes.io/service-account-token":
            if secret["metadata"]["annotations"].value?.text("kubernetes.io/service-account.name").isEmpty ?? true {
                let path = FieldPath.entry(secret["metadata"]["annotations"].path, "kubernetes.io/service-account.name")
                data.errors.add(FieldError(.required, path))
            }
        case "kubernetes.io/dockercfg":
            needs(".dockercfg")
        case "kubernetes.io/dockerconfigjson":
            needs(".dockerconfigjson")
            if let text = data.value?[".dockerconfigjson"]?.stringValue {
                let decoded = Base64.decode(text) ?? []
                if (try? JSONValue(parsing: decoded)) == nil {
                    data.errors.add(FieldError(.invalid, .entry(data.path, ".dockerconfigjson"), value: "<secret contents redacted>", "invalid json"))
                }
            }
        case "kubernetes.io/basic-auth":
            if data.value?["username"] == nil, data.value?["password"] == nil {
                needs("username")
                needs("password")
            }
        case "kubernetes.io/ssh-auth":
            needs("ssh-privatekey")
        case "kubernetes.io/tls":
            needs("tls.crt")
            needs("tls.key")
        default:
            break
        }
    }
}
