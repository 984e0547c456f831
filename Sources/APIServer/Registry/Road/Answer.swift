import JSON
import KubernetesAPI
import NIOHTTP1

/// The last step: the object as the client wants to see it.
struct Answer: Sendable {
    let responder: any Responder
    let resource: ServedResource
    let form: AcceptHeader.Form
    /// How tables are filled: what to put in rows, and the time by which ages are counted.
    let tables: TableWriter
    var warnings: [String] = []

    /// Answers with an object in its stored form, `resourceVersion` included.
    func object(_ stored: JSONValue, status: Int) {
        let object = resource.fromStorage(stored)
        switch form {
        case .object: send(object.serialized(), status)
        case .metadata(let version): send(PartialMetadata.object(object, version: version).serialized(), status)
        case .table(let version): send(tables.table([object], resource: resource, version: version, list: nil).serialized(), status)
        }
    }

    /// The same from the bytes that were just written, which are not taken apart when nobody asks for it.
    func written(_ value: [UInt8], revision: Int64, status: Int) {
        let bytes = VersionedBytes(value: value, version: revision)?.bytes ?? value
        if case .object = form, resource.conversion == nil {
            send(bytes, status)
        } else {
            object((try? JSONValue(parsing: bytes)) ?? .null, status: status)
        }
    }

    func entry(_ entry: WatchCacheEntry, status: Int) {
        if case .object = form { send(resource.bytes(of: entry), status) } else { object(entry.tree, status: status) }
    }

    func status(_ status: APIStatus) { responder.respond(status) }

    /// The Status of a finished deletion.
    func deleted(_ object: JSONValue) {
        let details = APIStatus.Details(
            name: object.text("metadata", "name"), group: resource.type.group, kind: resource.type.plural, uid: object.text("metadata", "uid"))
        success(details, status: 200)
    }

    func success(_ details: APIStatus.Details?, status code: Int) {
        var status = APIStatus.success(details: details)
        status.code = code
        var text = status.jsonBytes
        // A success bears its code only when it is not 200.
        if code == 200 { text = Array(String(decoding: text, as: UTF8.self).replacing(",\"code\":200}", with: "}").utf8) }
        send(text, code)
    }

    func send(_ bytes: [UInt8], _ status: Int) {
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        for warning in warnings { headers.add(name: "Warning", value: "299 - \(goQuoted(warning))") }
        responder.respond(status: status, headers: headers, body: bytes)
    }
}
