import NIOCore
import NIOHTTP1

/// Writes the header block of an answer (HPACK, RFC 7541) without a dynamic table: names that the static table knows go out as its numbers, all
/// else as text. That is a copy of a few dozen bytes; a table would save some of them and cost more than the rest of the answer.
enum HTTP2ResponseHeaders {
    /// Names of RFC 7541, appendix A, that our answers use.
    private enum StaticName {
        static let status: UInt8 = 8
        static let cacheControl: UInt8 = 24
        static let contentLength: UInt8 = 28
        static let contentType: UInt8 = 31
        static let date: UInt8 = 33
        static let location: UInt8 = 46
        static let retryAfter: UInt8 = 53
    }

    /// "I use a table of no bytes": fits whatever the client allows.
    static let noTable: UInt8 = 0x20

    /// - Parameter contentLength: nil when it is not known.
    static func write(status: Int, headers: HTTPHeaders, contentLength: Int?, to block: inout ByteBuffer) {
        writeStatus(status, to: &block)
        for (name, value) in headers where isOneLine(value) {
            switch name {
            case "Content-Type": write(StaticName.contentType, value, to: &block)
            case "Date": write(StaticName.date, value, to: &block)
            case "Cache-Control": write(StaticName.cacheControl, value, to: &block)
            case "Audit-Id":
                block.writeInteger(0 as UInt8)
                write("audit-id", to: &block)
                write(value, to: &block)
            default: writeOther(name, value, to: &block)
            }
        }
        if let contentLength { write(StaticName.contentLength, String(contentLength), to: &block) }
    }

    private static func writeStatus(_ status: Int, to block: inout ByteBuffer) {
        switch status {
        case 200: block.writeInteger(0x88 as UInt8)
        case 204: block.writeInteger(0x89 as UInt8)
        case 400: block.writeInteger(0x8C as UInt8)
        case 404: block.writeInteger(0x8D as UInt8)
        case 500: block.writeInteger(0x8E as UInt8)
        default: write(StaticName.status, String(status), to: &block)
        }
    }

    private static func writeOther(_ name: String, _ value: String, to block: inout ByteBuffer) {
        let name = name.lowercased()
        switch name {
        // What belongs to HTTP/1.1 connections, and what is written from the body that goes out.
        case "connection", "transfer-encoding", "keep-alive", "upgrade", "proxy-connection", "content-length": break
        case "content-type": write(StaticName.contentType, value, to: &block)
        case "cache-control": write(StaticName.cacheControl, value, to: &block)
        case "date": write(StaticName.date, value, to: &block)
        case "location": write(StaticName.location, value, to: &block)
        case "retry-after": write(StaticName.retryAfter, value, to: &block)
        case _ where isFieldName(name):
            block.writeInteger(0 as UInt8)
            write(name, to: &block)
            write(value, to: &block)
        default: break
        }
    }

    /// A field not to be kept in the client's table, its name by number.
    private static func write(_ name: UInt8, _ value: String, to block: inout ByteBuffer) {
        writeNumber(Int(name), pattern: 0, prefixBits: 4, to: &block)
        write(value, to: &block)
    }

    private static func write(_ text: String, to block: inout ByteBuffer) {
        writeNumber(text.utf8.count, pattern: 0, prefixBits: 7, to: &block)
        block.writeString(text)
    }

    /// A number in the low bits of a byte, or what is over in the bytes that follow (RFC 7541, section 5.1).
    private static func writeNumber(_ number: Int, pattern: UInt8, prefixBits: Int, to block: inout ByteBuffer) {
        let limit = 1 << prefixBits - 1
        if number < limit {
            block.writeInteger(pattern | UInt8(truncatingIfNeeded: number))
            return
        }
        block.writeInteger(pattern | UInt8(truncatingIfNeeded: limit))
        var rest = number - limit
        while rest >= 128 {
            block.writeInteger(UInt8(truncatingIfNeeded: rest & 127 | 128))
            rest >>= 7
        }
        block.writeInteger(UInt8(truncatingIfNeeded: rest))
    }
}

/// Whether text can be the name of a field in HTTP/2: a token without capitals.
func isFieldName(_ name: String) -> Bool {
    for byte in name.utf8 where byte <= 0x20 || byte >= 0x7F || byte == UInt8(ascii: ":") || (byte >= 0x41 && byte <= 0x5A) { return false }
    return !name.isEmpty
}
