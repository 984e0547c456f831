import NIOHPACK
import NIOHTTP1

/// The head of a request, checked by RFC 9113, section 8.
struct HTTP2RequestHead {
    private(set) var method = ""
    private(set) var path = ""
    private(set) var headers = HTTPHeaders()
    /// How long the body is by what the client said.
    private(set) var contentLength: Int?

    /// - Throws: `HTTP2Violation` for a head that is malformed.
    init(_ fields: HPACKHeaders, stream: UInt32) throws(HTTP2Violation) {
        var hasScheme = false
        var isPastPseudo = false
        headers.reserveCapacity(fields.count)
        for (name, value, _) in fields {
            guard isOneLine(value) else { throw HTTP2Violation(.protocolError, "a header's value has a line break", stream: stream) }
            if name.utf8.first == UInt8(ascii: ":") {
                guard !isPastPseudo else { throw HTTP2Violation(.protocolError, "a pseudo header comes late", stream: stream) }
                switch name {
                case ":method" where method.isEmpty: method = value
                case ":path" where path.isEmpty: path = value
                case ":scheme" where !hasScheme: hasScheme = true
                case ":authority": headers.add(name: "Host", value: value)
                default: throw HTTP2Violation(.protocolError, "a pseudo header is unknown or double", stream: stream)
                }
                continue
            }
            isPastPseudo = true
            try Self.check(name, value, stream)
            if name == "content-length" {
                guard let length = Int(value), length >= 0, contentLength ?? length == length else {
                    throw HTTP2Violation(.protocolError, "content-length is not a length", stream: stream)
                }
                contentLength = length
            }
            headers.add(name: name, value: value)
        }
        guard !method.isEmpty, !path.isEmpty, hasScheme else {
            throw HTTP2Violation(.protocolError, "a request has :method, :scheme and :path", stream: stream)
        }
    }

    /// - Throws: `HTTP2Violation` when the fields after the body are malformed.
    static func checkTrailers(_ fields: HPACKHeaders, stream: UInt32) throws(HTTP2Violation) {
        for (name, value, _) in fields { try check(name, value, stream) }
    }

    private static func check(_ name: String, _ value: String, _ stream: UInt32) throws(HTTP2Violation) {
        guard isFieldName(name) else { throw HTTP2Violation(.protocolError, "a header's name has characters that none may have", stream: stream) }
        switch name {
        case "connection", "transfer-encoding", "keep-alive", "upgrade", "proxy-connection":
            throw HTTP2Violation(.protocolError, "a header that HTTP/2 does not have", stream: stream)
        case "te" where value != "trailers":
            throw HTTP2Violation(.protocolError, "a header that HTTP/2 does not have", stream: stream)
        default:
            break
        }
    }
}
