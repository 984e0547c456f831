import JSON
import KubernetesAPI
import NIOCore

/// Objects as they stand in a list: without `kind` and `apiVersion`, which the list names once for all of them.
struct ListItems {
    /// What the bytes of an object begin with: both members, in one order or the other.
    private let heads: [[UInt8]]

    init(_ type: ResourceType) {
        let kind = #""kind":"\#(type.kind)","#
        let version = #""apiVersion":"\#(type.apiVersion)","#
        heads = ["{\(kind)\(version)", "{\(version)\(kind)"].map { Array($0.utf8) }
    }

    /// Writes an object, given as JSON without white space.
    func write(_ object: [UInt8], to buffer: inout ByteBuffer) {
        if let head = heads.first(where: { object.starts(with: $0) }) {
            buffer.writeInteger(UInt8(ascii: "{"))
            object.withUnsafeBytes { _ = buffer.writeBytes(UnsafeRawBufferPointer(rebasing: $0[head.count...])) }
        } else {
            // Written by something else than this server.
            buffer.writeBytes((try? JSONValue(parsing: object)).map { Self.item($0).serialized() } ?? object)
        }
    }

    /// The same of a tree.
    static func item(_ object: JSONValue) -> JSONValue {
        var item = object
        item["kind"] = nil
        item["apiVersion"] = nil
        return item
    }
}
