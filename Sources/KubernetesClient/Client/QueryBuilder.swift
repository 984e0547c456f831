/// Builds a path with a percent-encoded query.
struct QueryBuilder {
    private(set) var path: String
    private var hasQuery: Bool

    init(_ path: String) {
        self.path = path
        hasQuery = path.utf8.contains(UInt8(ascii: "?"))
    }

    mutating func add(_ name: StaticString, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        path += hasQuery ? "&" : "?"
        hasQuery = true
        path += "\(name)="
        path += percentEncoded(value)
    }

    mutating func add(_ name: StaticString, _ value: Int64?) {
        guard let value else { return }
        add(name, String(value))
    }

    mutating func add(_ name: StaticString, _ value: Bool) {
        if value { add(name, "true") }
    }
}

/// The text with everything but RFC 3986's unreserved characters escaped.
package func percentEncoded(_ text: String) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count + 8)
    let digits: StaticString = "0123456789ABCDEF"
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            out.append(byte)
        default:
            out.append(UInt8(ascii: "%"))
            out.append(digits.utf8Start[Int(byte >> 4)])
            out.append(digits.utf8Start[Int(byte & 15)])
        }
    }
    return String(decoding: out, as: UTF8.self)
}
