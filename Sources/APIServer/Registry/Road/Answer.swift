import JSON
import KubernetesAPI
import NIOHTTP1

/// The last step: the object as the client wants to see it.
struct Answer: Sendable {
    let responder: any Responder
    let resource: ServedResource
    let form: AcceptHeader.Form
    let encoding: AnswerEncoding
    /// How tables are filled: what to put in rows, and the time by which ages are counted.
    let tables: TableWriter
    var warnings: [String] = []

    /// Answers with an object in its stored form, `resourceVersion` included.
    func object(_ stored: JSONValue, status: Int) {
        let object = resource.fromStorage(stored)
        switch form {
        case .object: document(object, schema: resource.schema, status)
        case .metadata(let version): document(PartialMetadata.object(object, version: version), status)
        case .table(let version): document(tables.table([object], resource: resource, version: version, list: nil), status)
        }
    }

    /// The same from the bytes that were just written, which are not taken apart when nobody asks for it.
    func written(_ value: [UInt8], revision: Int64, status: Int) {
        let bytes = VersionedBytes(value: value, version: revision)?.bytes ?? value
        if sendsStoredBytes {
            send(bytes, status)
        } else {
            object((try? JSONValue(parsing: bytes)) ?? .null, status: status)
        }
    }

    func entry(_ entry: WatchCacheEntry, status code: Int) {
        if sendsStoredBytes { return send(entry.bytes, code) }
        guard case .object = form, case .protobuf = encoding else { return object(entry.tree, status: code) }
        do throws(APIStatus) {
            send(ProtobufDocument.enveloped(try message(of: entry), apiVersion: resource.type.apiVersion, kind: resource.type.kind), code)
        } catch {
            status(error)
        }
    }

    /// Whether an object goes out in the very bytes in which it is kept.
    var sendsStoredBytes: Bool { form == .object && encoding == .json(pretty: false) && resource.conversion == nil }

    /// An object's protobuf message, made once for each state of it.
    func message(of entry: WatchCacheEntry) throws(APIStatus) -> [UInt8] {
        do throws(ProtobufError) {
            guard resource.conversion == nil else { return try ProtobufDocument.message(resource.fromStorage(entry.tree), resource.schema) }
            return try entry.message { (tree) throws(ProtobufError) in try ProtobufDocument.message(tree, resource.schema) }
        } catch {
            throw .internalError("\(resource.type.kind) \"\(entry.name)\" can't be written as protobuf: \(error)")
        }
    }

    func status(_ status: APIStatus) {
        responder.respond(status, in: encoding)
    }

    /// The Status of a finished deletion.
    func deleted(_ object: JSONValue) {
        let details = APIStatus.Details(
            name: object.text("metadata", "name"), group: resource.type.group, kind: resource.type.plural, uid: object.text("metadata", "uid"))
        success(details, status: 200)
    }

    func success(_ details: APIStatus.Details?, status code: Int) {
        var status = APIStatus.success(details: details)
        status.code = code
        var tree = (try? JSONValue(parsing: status.jsonBytes)) ?? [:]
        // A success bears its code only when it is not 200.
        if code == 200 { tree["code"] = nil }
        document(tree, code)
    }

    /// Answers with a document in the encoding that the client reads.
    func document(_ tree: JSONValue, schema: Schema? = nil, _ code: Int) {
        do throws(APIStatus) {
            send(try encoding.document(tree, schema: schema), code)
        } catch {
            responder.respond(error)
        }
    }

    func send(_ bytes: [UInt8], _ status: Int) {
        responder.respond(status: status, headers: headers(encoding.contentType), body: bytes)
    }

    func headers(_ contentType: String) -> HTTPHeaders {
        var headers: HTTPHeaders = ["Content-Type": contentType]
        if let deprecation = resource.deprecation { headers.add(name: "Warning", value: deprecation) }
        for warning in warnings { headers.add(name: "Warning", value: "299 - \(goQuoted(warning))") }
        return headers
    }
}
