import Crypto
import PKI

/// The users of `--token-auth-file`: lines of `token,user,uid[,"group1,group2"]`.
package struct TokenFileAuthenticator: TokenAuthenticator {
    /// By the hash of the token, so that the time of a look-up tells nothing about the tokens that count.
    private let users: [[UInt8]: UserInfo]
    private let audience: ServerAudience

    /// - Throws: `TokenFileError` naming the line, never with a token in it.
    package init(text: String) throws(TokenFileError) {
        var users: [[UInt8]: UserInfo] = [:]
        for (index, line) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            // By bytes: to a text, a carriage return and the line feed behind it are one character.
            let line = Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
            if line.allSatisfy({ $0 == " " || $0 == "\t" }) || line.first == "#" { continue }
            guard let fields = CommaSeparated.fields(of: line) else {
                throw TokenFileError(line: index + 1, reason: "a quotation mark is not closed")
            }
            guard fields.count >= 3 else {
                throw TokenFileError(line: index + 1, reason: "it must have at least 3 columns: token, user name and user uid")
            }
            guard !fields[0].isEmpty else { throw TokenFileError(line: index + 1, reason: "the token is empty") }
            let groups = fields.count > 3 ? fields[3].split(separator: ",").map { String($0.drop { $0 == " " }) } : []
            users[Self.hash(fields[0])] = UserInfo(name: fields[1], uid: fields[2], groups: groups)
        }
        self.users = users
        audience = ServerAudience(audiences: [])
    }

    private init(users: [[UInt8]: UserInfo], audience: ServerAudience) {
        self.users = users
        self.audience = audience
    }

    /// The same users for a server with these audiences.
    func meant(for audiences: [String]) -> TokenFileAuthenticator {
        TokenFileAuthenticator(users: users, audience: ServerAudience(audiences: audiences))
    }

    package func authenticate(token: String, audiences: [String], now: Int64) -> TokenVerdict {
        users[Self.hash(token)].map { audience.verdict($0, wanted: audiences) } ?? .unknown
    }

    private static func hash(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }
}

/// A line of a token file that cannot be read.
package struct TokenFileError: Error, CustomStringConvertible {
    package var line: Int
    package var reason: String
    package var description: String { "line \(line) of the token file: \(reason)" }
}

/// Lines of fields between commas, where a field may stand in quotation marks.
enum CommaSeparated {
    /// Nil when a quotation mark is not closed.
    static func fields(of line: Substring) -> [String]? {
        var fields: [String] = []
        var field: [UInt8] = []
        var quoted = false
        var bytes = Array(line.utf8)[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\"") where quoted && bytes.first == UInt8(ascii: "\""):
                field.append(byte)
                bytes.removeFirst()
            case UInt8(ascii: "\""):
                quoted.toggle()
            case UInt8(ascii: ",") where !quoted:
                fields.append(String(decoding: field, as: UTF8.self))
                field = []
            case UInt8(ascii: " ") where !quoted && field.isEmpty:
                continue
            default:
                field.append(byte)
            }
        }
        fields.append(String(decoding: field, as: UTF8.self))
        return quoted ? nil : fields
    }
}
