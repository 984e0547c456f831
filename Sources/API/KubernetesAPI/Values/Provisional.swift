package import JSON

// Stand-ins so that the generated types compile until the real values land in this folder; delete this file with them.
package struct Quantity: JSONCodable {
    private var text = ""
    package init(json r: inout JSONReader) throws(JSONError) { try r.read(&text) }
    package func write(json w: inout JSONWriter) { w.value(text) }
}
package struct Time: JSONCodable {
    private var text = ""
    package init(json r: inout JSONReader) throws(JSONError) { try r.read(&text) }
    package func write(json w: inout JSONWriter) { w.value(text) }
}
package struct MicroTime: JSONCodable {
    private var text = ""
    package init(json r: inout JSONReader) throws(JSONError) { try r.read(&text) }
    package func write(json w: inout JSONWriter) { w.value(text) }
}
package enum IntOrString: JSONCodable {
    case int(Int32)
    case string(String)
    package init(json r: inout JSONReader) throws(JSONError) {
        if try r.peekKind() == .string {
            var text = ""
            try r.read(&text)
            self = .string(text)
        } else {
            var number: Int32 = 0
            try r.read(&number)
            self = .int(number)
        }
    }
    package func write(json w: inout JSONWriter) {
        switch self {
        case .int(let number): w.value(number)
        case .string(let text): w.value(text)
        }
    }
}
package struct RawJSON: JSONCodable {
    private var bytes: [UInt8]
    package init(json r: inout JSONReader) throws(JSONError) { bytes = try r.rawValue() }
    package func write(json w: inout JSONWriter) { w.rawValue(bytes) }
}
