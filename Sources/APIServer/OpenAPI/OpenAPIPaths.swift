import JSON
import KubernetesAPI

/// Describes the paths of resources.
struct OpenAPIPaths {
    let dialect: OpenAPIDialect
    var schemas: OpenAPISchemas
    private(set) var paths: JSONObject = [:]

    init(dialect: OpenAPIDialect) {
        self.dialect = dialect
        schemas = OpenAPISchemas(dialect: dialect)
    }

    mutating func add(_ resource: ResourceCatalog.Resource) {
        let type = resource.type
        let base = type.group.isEmpty ? "/api/\(type.version)" : "/apis/\(type.group)/\(type.version)"
        let collection = type.namespaced ? "\(base)/namespaces/{namespace}/\(type.plural)" : "\(base)/\(type.plural)"
        let name = OperationName(type, scope: type.namespaced ? "Namespaced" : "")
        let place: [OpenAPIParameter] = type.namespaced ? [.namespace] : []
        add(
            collection, place,
            [
                ("get", "list", name.operation("list"), .list), ("post", "create", name.operation("create"), .one),
                ("delete", "deletecollection", name.operation("delete", collection: true), .status),
            ], resource.verbs, resource.kind, name.tag)
        if type.namespaced {
            let everywhere = OperationName(type, scope: "").operation("list") + "ForAllNamespaces"
            add("\(base)/\(type.plural)", [], [("get", "list", everywhere, .list)], resource.verbs, resource.kind, name.tag)
        }
        add(
            "\(collection)/{name}", place + [.name],
            [
                ("get", "get", name.operation("read"), .one), ("put", "update", name.operation("replace"), .one),
                ("patch", "patch", name.operation("patch"), .one), ("delete", "delete", name.operation("delete"), .status),
            ], resource.verbs, resource.kind, name.tag)
        for subresource in resource.subresources {
            add(subresource, of: resource, at: "\(collection)/{name}/\(subresource.name)", place + [.name], name)
        }
    }

    private mutating func add(
        _ subresource: ResourceCatalog.Subresource, of resource: ResourceCatalog.Resource, at path: String, _ place: [OpenAPIParameter],
        _ name: OperationName
    ) {
        let suffix = subresource.name.prefix(1).uppercased() + subresource.name.dropFirst()
        // Streams and proxies have options instead of objects.
        guard !subresource.kind.kind.hasSuffix("Options"), subresource.name != "log" else {
            var operations: [(String, String, String, Answer)] = []
            for (method, verb) in [("get", "get"), ("post", "create"), ("put", "update"), ("patch", "patch"), ("delete", "delete")] {
                let action = subresource.name == "log" ? "read" : "connect\(method.prefix(1).uppercased() + method.dropFirst())"
                operations.append((method, verb, name.operation(action) + suffix, .text))
            }
            add(path, place, operations, subresource.verbs, subresource.kind, name.tag)
            if subresource.name == "proxy" {
                add(
                    "\(path)/{path}", place + [.path], operations.map { ($0.0, $0.1, $0.2 + "WithPath", $0.3) }, subresource.verbs, subresource.kind,
                    name.tag)
            }
            return
        }
        add(
            path, place,
            [
                ("get", "get", name.operation("read") + suffix, .one), ("post", "create", name.operation("create") + suffix, .one),
                ("put", "update", name.operation("replace") + suffix, .one), ("patch", "patch", name.operation("patch") + suffix, .one),
            ], subresource.verbs, subresource.kind, name.tag)
    }

    /// What an operation answers with.
    private enum Answer {
        case one, list, status, text
    }

    private mutating func add(
        _ path: String, _ place: [OpenAPIParameter], _ operations: [(method: String, verb: String, id: String, answer: Answer)], _ verbs: [String],
        _ kind: GroupVersionKind, _ tag: String
    ) {
        var item: JSONValue = [:]
        for operation in operations where verbs.contains(operation.verb) {
            item[operation.method] = document(operation.method, operation.verb, operation.id, operation.answer, kind, tag)
        }
        guard item.objectValue?.isEmpty == false else { return }
        item["parameters"] = .array((place + [.pretty]).map { $0.document(dialect) })
        paths[path] = item
    }

    private mutating func document(
        _ method: String, _ verb: String, _ id: String, _ answer: Answer, _ kind: GroupVersionKind, _ tag: String
    ) -> JSONValue {
        let action =
            switch (answer, verb) {
            case (.text, _) where id.hasPrefix("connect"): "connect"
            case (_, "create"): "post"
            case (_, "update"): "put"
            default: verb
            }
        var operation: JSONValue = [
            "description": .string(Self.description(action, kind)), "operationId": .string(id), "tags": [.string(tag)],
            "x-kubernetes-action": .string(action), "x-kubernetes-group-version-kind": OpenAPISchemas.kind(kind),
        ]
        let parameters: [OpenAPIParameter] =
            switch action {
            case "list": OpenAPIParameter.list
            case "post", "put": OpenAPIParameter.create
            case "patch": OpenAPIParameter.patch
            case "delete": OpenAPIParameter.delete
            case "deletecollection": OpenAPIParameter.deleteCollection
            default: []
            }
        var documents = parameters.map { $0.document(dialect) }
        if let body = body(action, kind) {
            switch dialect {
            case .v2: documents.append(["name": "body", "in": "body", "required": .bool(!action.hasPrefix("delete")), "schema": body])
            case .v3: operation["requestBody"] = ["content": content(body, action == "patch" ? Self.patchTypes : Self.anyType)]
            }
        }
        if !documents.isEmpty { operation["parameters"] = .array(documents) }
        if dialect == .v2 {
            operation["consumes"] = JSONValue(action == "patch" ? Self.patchTypes : Self.anyType)
            operation["produces"] = JSONValue(answer == .text ? Self.anyType : Self.objectTypes(list: answer == .list))
            operation["schemes"] = ["https"]
        }
        operation["responses"] = responses(action, answer, kind)
        return operation
    }

    private mutating func body(_ action: String, _ kind: GroupVersionKind) -> JSONValue? {
        switch action {
        case "post", "put": Schema.of(kind).map { schemas.reference($0) }
        case "patch": schemas.patchReference()
        case "delete", "deletecollection": Schema.named("meta.v1.DeleteOptions").map { schemas.reference($0) }
        default: nil
        }
    }

    private mutating func responses(_ action: String, _ answer: Answer, _ kind: GroupVersionKind) -> JSONValue {
        let schema: JSONValue? =
            switch answer {
            case .one: Schema.of(kind).map { schemas.reference($0) }
            case .list: Schema.of(kind).map { schemas.listReference($0) }
            case .status: Schema.named("meta.v1.Status").map { schemas.reference($0) }
            case .text: ["type": "string"]
            }
        var ok: JSONValue = ["description": "OK"]
        if let schema {
            switch dialect {
            case .v2: ok["schema"] = schema
            case .v3: ok["content"] = content(schema, answer == .text ? Self.anyType : Self.objectTypes(list: answer == .list))
            }
        }
        var responses: JSONValue = ["200": ok, "401": ["description": "Unauthorized"]]
        let others =
            switch action {
            case "post": [("201", "Created"), ("202", "Accepted")]
            case "put", "patch": [("201", "Created")]
            case "delete": [("202", "Accepted")]
            default: [] as [(String, String)]
            }
        for (code, text) in others {
            responses[code] = ok
            responses[code]?["description"] = .string(text)
        }
        return responses
    }

    private static let patchTypes = [
        "application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
    ]
    private static let anyType = ["*/*"]

    private static func objectTypes(list: Bool) -> [String] {
        ["application/json", "application/yaml"] + (list ? ["application/json;stream=watch"] : [])
    }

    private func content(_ schema: JSONValue, _ types: [String]) -> JSONValue {
        .object(JSONObject(uniqueEntries: types.map { (key: $0, value: ["schema": schema]) }))
    }

    private static func description(_ action: String, _ kind: GroupVersionKind) -> String {
        switch action {
        case "list": "list or watch objects of kind \(kind.kind)"
        case "post": "create \(kind.kind)"
        case "get": "read \(kind.kind)"
        case "put": "replace \(kind.kind)"
        case "patch": "change parts of \(kind.kind)"
        case "delete": "delete \(kind.kind)"
        case "deletecollection": "delete all selected objects of kind \(kind.kind)"
        default: "connect to \(kind.kind)"
        }
    }
}

/// Names of operations as client generators know them: `listCoreV1NamespacedPod`.
private struct OperationName {
    private let group: String
    private let version: String
    private let scope: String
    private let kind: String

    init(_ type: ResourceType, scope: String) {
        // rbac.authorization.k8s.io -> RbacAuthorization
        let name = type.group.isEmpty ? "core" : type.group.hasSuffix(".k8s.io") ? String(type.group.dropLast(7)) : type.group
        group = name.split(whereSeparator: { $0 == "." || $0 == "-" }).map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        version = type.version
        kind = type.kind
        self.scope = scope
    }

    func operation(_ action: String, collection: Bool = false) -> String {
        "\(action)\(group)\(version.prefix(1).uppercased() + version.dropFirst())\(collection ? "Collection" : "")\(scope)\(kind)"
    }

    /// `rbacAuthorization_v1`
    var tag: String { "\(group.prefix(1).lowercased() + group.dropFirst())_\(version)" }
}
