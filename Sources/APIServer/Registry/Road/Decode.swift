import JSON
import KubernetesAPI

/// First step of a write: from the bytes of a request to a tree. Knows JSON, YAML and protobuf.
struct Decode {
    /// What was sent twice or is unknown, in upstream's words: `unknown field "spec.x"`, `duplicate field "spec.y"`.
    private(set) var issues: [String] = []

    static let accepted = ["application/json", "application/yaml", ProtobufDocument.contentType]

    /// The document in a body.
    mutating func document(_ body: [UInt8], contentType: String?) throws(APIStatus) -> JSONValue {
        let media = Self.media(contentType)
        switch media {
        case "", "application/json", "*/*":
            do {
                var found: [JSONIssue] = []
                let value = try JSONValue(parsing: body, options: JSONReader.Options(reportDuplicateFields: true), issues: &found)
                issues += found.map(\.description)
                return value
            } catch {
                throw .badRequest("couldn't get version/kind; json parse error: \(error)")
            }
        case "application/yaml", "application/x-yaml", "text/yaml":
            return try YAMLDocument.tree(body, issues: &issues)
        case ProtobufDocument.contentType:
            do {
                return try ProtobufDocument.tree(body)
            } catch {
                throw .badRequest("couldn't get version/kind; protobuf error: \(error)")
            }
        default:
            throw .unsupportedMediaType(supported: Self.accepted)
        }
    }

    /// The object in a body, checked to be of the resource's kind, with unknown fields removed and everything of the right type.
    mutating func object(_ body: [UInt8], contentType: String?, as resource: ServedResource) throws(APIStatus) -> JSONValue {
        var object = try document(body, contentType: contentType)
        guard case .object = object else {
            throw .badRequest(
                "couldn't get version/kind; json parse error: json: cannot unmarshal \(Self.goName(object)) into Go value of type struct")
        }
        try identify(&object, as: resource)
        return try conform(object, to: resource)
    }

    /// The object in the form that its type gives it: without unknown fields and nulls, quantities and times in canonical form.
    mutating func conform(_ object: JSONValue, to resource: ServedResource) throws(APIStatus) -> JSONValue {
        guard let schema = resource.schema else { return object }
        do {
            var decoded = try schema.decode(object)
            // An empty list says more than none: that nobody shall manage anything any more.
            if object.at("metadata", "managedFields")?.arrayValue?.isEmpty == true { decoded.tree["metadata"]?["managedFields"] = [[:]] }
            issues += decoded.unknownFields.map { "unknown field \"\($0)\"" }
            return decoded.tree
        } catch {
            let type = resource.type
            throw .badRequest("\(type.kind) in version \(goQuoted(type.version)) cannot be handled as a \(type.kind): \(error)")
        }
    }

    /// `apiVersion` and `kind` are those of the resource; a document may leave them out.
    private func identify(_ object: inout JSONValue, as resource: ServedResource) throws(APIStatus) {
        let type = resource.type
        let apiVersion = object.text("apiVersion")
        let kind = object.text("kind")
        if !apiVersion.isEmpty, apiVersion != type.apiVersion {
            throw .badRequest("the API version in the data (\(apiVersion)) does not match the expected API version (\(type.apiVersion))")
        }
        if !kind.isEmpty, kind != type.kind {
            throw .badRequest(
                "\(kind) in version \(goQuoted(type.version)) cannot be handled as a \(type.kind): converting (\(type.version).\(kind)) to (\(type.version).\(type.kind)): unknown conversion"
            )
        }
        object["apiVersion"] = .string(type.apiVersion)
        object["kind"] = .string(type.kind)
    }

    /// Refuses or warns of what was found wrong, as the client wishes.
    func enforce(_ validation: WriteOptions.FieldValidation, _ resource: ServedResource, warnings: inout [String]) throws(APIStatus) {
        guard !issues.isEmpty else { return }
        switch validation {
        case .ignore:
            return
        case .warn:
            for issue in issues where !warnings.contains(issue) { warnings.append(issue) }
        case .strict:
            let type = resource.type
            throw .badRequest(
                "\(type.kind) in version \(goQuoted(type.version)) cannot be handled as a \(type.kind): strict decoding error: \(issues.joined(separator: ", "))"
            )
        }
    }

    /// The media type of a `Content-Type`, without parameters.
    static func media(_ contentType: String?) -> String {
        guard let contentType else { return "" }
        if contentType == "application/json" { return contentType }
        let end = contentType.firstIndex(of: ";") ?? contentType.endIndex
        return contentType[..<end].filter { $0 != " " }.lowercased()
    }

    /// What Go calls the type of a value; for messages that clients know from upstream.
    static func goName(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
