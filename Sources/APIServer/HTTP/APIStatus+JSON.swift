extension APIStatus {
    /// The object as the API sends it.
    package var jsonBytes: [UInt8] {
        var text = #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"#
        text += isSuccess ? "\"Success\"" : "\"Failure\""
        if !message.isEmpty { text += ",\"message\":" + jsonQuoted(message) }
        if !reason.isEmpty { text += ",\"reason\":" + jsonQuoted(reason) }
        if let details { text += ",\"details\":" + details.json }
        text += ",\"code\":\(code)}"
        return Array(text.utf8)
    }
}

extension APIStatus.Details {
    fileprivate var json: String {
        var members: [String] = []
        if !name.isEmpty { members.append("\"name\":" + jsonQuoted(name)) }
        if !group.isEmpty { members.append("\"group\":" + jsonQuoted(group)) }
        if !kind.isEmpty { members.append("\"kind\":" + jsonQuoted(kind)) }
        if !uid.isEmpty { members.append("\"uid\":" + jsonQuoted(uid)) }
        if !causes.isEmpty { members.append("\"causes\":[" + causes.map(\.json).joined(separator: ",") + "]") }
        if retryAfterSeconds != 0 { members.append("\"retryAfterSeconds\":\(retryAfterSeconds)") }
        return "{" + members.joined(separator: ",") + "}"
    }
}

extension APIStatus.Cause {
    fileprivate var json: String {
        var members: [String] = []
        if !reason.isEmpty { members.append("\"reason\":" + jsonQuoted(reason)) }
        if !message.isEmpty { members.append("\"message\":" + jsonQuoted(message)) }
        if !field.isEmpty { members.append("\"field\":" + jsonQuoted(field)) }
        return "{" + members.joined(separator: ",") + "}"
    }
}

/// A JSON string literal.
package func jsonQuoted(_ text: String) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var result: [UInt8] = [UInt8(ascii: "\"")]
    result.reserveCapacity(text.utf8.count + 2)
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
        case 0x0A: result += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
        case 0x0D: result += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
        case 0x09: result += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
        case 0..<0x20: result += [UInt8(ascii: "\\"), UInt8(ascii: "u"), 0x30, 0x30, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        default: result.append(byte)
        }
    }
    result.append(UInt8(ascii: "\""))
    return String(decoding: result, as: UTF8.self)
}
