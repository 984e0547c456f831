import JSON
import KubernetesAPI
import NIOHTTP1

/// The encodings in which objects are answered.
enum AnswerEncoding: Sendable, Equatable {
    case json(pretty: Bool)
    case yaml
    case protobuf

    var contentType: String {
        switch self {
        case .json: "application/json"
        case .yaml: "application/yaml"
        case .protobuf: ProtobufDocument.contentType
        }
    }

    /// The type of a stream of watch events in this encoding.
    var streamContentType: String {
        switch self {
        case .json, .yaml: "application/json"
        case .protobuf: ProtobufDocument.contentType + ";stream=watch"
        }
    }

    /// A whole document.
    /// - Parameter schema: that of the document, where it is known; by its apiVersion and kind otherwise.
    /// - Throws: a Status when the object has no form in this encoding.
    func document(_ tree: JSONValue, schema: Schema? = nil) throws(APIStatus) -> [UInt8] {
        switch self {
        case .json(let pretty): return pretty ? tree.serialized(pretty: true) : tree.serialized()
        case .yaml: return try YAMLDocument.bytes(of: tree)
        case .protobuf:
            let apiVersion = tree.text("apiVersion")
            let kind = tree.text("kind")
            do throws(ProtobufError) {
                return ProtobufDocument.enveloped(try ProtobufDocument.message(tree, schema), apiVersion: apiVersion, kind: kind)
            } catch {
                throw .internalError("\(apiVersion) \(kind) can't be written as protobuf: \(error)")
            }
        }
    }

    /// A watch event around an object, as it goes over the wire.
    func event(_ type: WatchEventType, _ object: [UInt8]) -> [UInt8] {
        guard case .protobuf = self else { return type.line(object: object) }
        let event = ProtobufDocument.event(type: type.rawValue, object: object)
        // Each event stands behind its length in four bytes.
        let length = UInt32(clamping: event.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + event
    }
}

extension Responder {
    /// Sends a `Status` in the encoding that a client wishes, before anything else is known of its request.
    func respond(_ status: APIStatus, accept: String?) {
        guard let accept, accept != "application/json", let wish = AcceptHeader(accept) else { return respond(status) }
        respond(status, in: wish.encoding)
    }

    /// Sends a `Status` under its own code.
    func respond(_ status: APIStatus, in encoding: AnswerEncoding) {
        guard encoding != .json(pretty: false), let tree = try? JSONValue(parsing: status.jsonBytes), let body = try? encoding.document(tree) else {
            return respond(status)
        }
        var headers: HTTPHeaders = ["Content-Type": encoding.contentType]
        if let retry = status.retryAfter { headers.add(name: "Retry-After", value: retry) }
        respond(status: status.code, headers: headers, body: body)
    }
}
