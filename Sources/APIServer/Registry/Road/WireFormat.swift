package import JSON
package import KubernetesAPI

/// A form in which objects go over the wire: the same decoders and encoders that requests and answers go through.
package enum WireFormat: String, Sendable, CaseIterable {
    case json, yaml, protobuf

    private var encoding: AnswerEncoding {
        switch self {
        case .json: .json(pretty: true)
        case .yaml: .yaml
        case .protobuf: .protobuf
        }
    }

    /// An object of a built-in kind in the form that its type gives it.
    ///
    /// - Parameter kind: what the object is, when it does not say so itself.
    /// - Returns: the object, and what was left out of it because its kind does not have it, or was there twice, in upstream's words.
    /// - Throws: `WireError` when it is no object of a known kind.
    package func decode(_ bytes: [UInt8], as kind: GroupVersionKind? = nil) throws(WireError) -> (object: JSONValue, issues: [String]) {
        var decode = Decode()
        var tree: JSONValue
        do {
            tree = self == .protobuf ? try ProtobufDocument.tree(bytes, as: kind) : try decode.document(bytes, contentType: encoding.contentType)
        } catch let error as APIStatus {
            throw WireError(error.message)
        } catch {
            throw WireError("\(error)")
        }
        guard tree.objectValue != nil else { throw WireError("the document is no object") }
        var named = GroupVersionKind(apiVersion: tree.text("apiVersion"), kind: tree.text("kind"))
        if named.kind.isEmpty, let kind { named = kind }
        guard let schema = ProtobufDocument.schema(of: named) else {
            throw WireError("no kind \"\(named.kind)\" is known in version \"\(named.apiVersion)\"")
        }
        if schema.field("kind") != nil {
            tree["apiVersion"] = .string(named.apiVersion)
            tree["kind"] = .string(named.kind)
        }
        do throws(SchemaError) {
            let decoded = try schema.decode(tree)
            return (decoded.tree, decode.issues + decoded.unknownFields.map { "unknown field \"\($0)\"" })
        } catch {
            throw WireError("\(error)")
        }
    }

    /// - Throws: `WireError` when the object has no such form.
    package func encode(_ object: JSONValue, as kind: GroupVersionKind? = nil) throws(WireError) -> [UInt8] {
        let schema = object.text("kind").isEmpty ? kind.flatMap { ProtobufDocument.schema(of: $0) } : nil
        do throws(APIStatus) {
            return try encoding.document(object, schema: schema)
        } catch {
            throw WireError(error.message)
        }
    }
}

/// Why an object can't be turned from one form into another.
package struct WireError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
