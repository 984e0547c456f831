import NIOCore
import NIOHTTP1

extension ByteBuffer {
    /// Writes the status line and headers of an HTTP/1.1 answer. A header that could break out of its line is left out.
    mutating func writeHead(status: Int, headers: HTTPHeaders, close: Bool) {
        if status == 200 {
            writeStaticString("HTTP/1.1 200 OK\r\n")
        } else {
            writeString("HTTP/1.1 \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r\n")
        }
        for (name, value) in headers where isOneLine(name) && isOneLine(value) {
            writeString(name)
            writeStaticString(": ")
            writeString(value)
            writeStaticString("\r\n")
        }
        writeStaticString(close ? "Connection: close\r\n\r\n" : "\r\n")
    }
}

/// Whether a header's text stays within its line.
func isOneLine(_ text: String) -> Bool {
    for byte in text.utf8 where byte == 0x0D || byte == 0x0A || byte == 0 { return false }
    return true
}
