/// Record types this server answers itself; others pass through when a query is forwarded (RFC 1035, 2782, 3596, 6891).
package struct DNSRecordType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let a = DNSRecordType(rawValue: 1)
    package static let ns = DNSRecordType(rawValue: 2)
    package static let cname = DNSRecordType(rawValue: 5)
    package static let soa = DNSRecordType(rawValue: 6)
    package static let ptr = DNSRecordType(rawValue: 12)
    package static let txt = DNSRecordType(rawValue: 16)
    package static let aaaa = DNSRecordType(rawValue: 28)
    package static let srv = DNSRecordType(rawValue: 33)
    package static let opt = DNSRecordType(rawValue: 41)
    package static let any = DNSRecordType(rawValue: 255)
}

/// Response codes (RFC 1035, section 4.1.1).
package enum DNSResponseCode: UInt8, Sendable {
    case noError = 0
    case formatError = 1
    case serverFailure = 2
    case nameError = 3
    case notImplemented = 4
    case refused = 5
}

/// What a query asks.
package struct DNSQuestion: Equatable, Sendable {
    package var name: DNSName
    package var type: DNSRecordType
    /// 1 is the internet class; anything else is refused.
    package var recordClass: UInt16
}

/// A query as received.
package struct DNSQuery: Equatable, Sendable {
    package var id: UInt16
    package var opcode: UInt8
    package var recursionDesired: Bool
    package var question: DNSQuestion
    /// The largest UDP answer the client takes: 512 bytes, or what its EDNS option says (RFC 6891, section 6.2.3).
    package var maxUDPSize: Int
    /// Whether the client sent an EDNS option, and so expects one back.
    package var hasEDNS: Bool
}

/// The data of one record.
package enum DNSRecordData: Equatable, Sendable {
    case a([UInt8])
    case aaaa([UInt8])
    case cname(DNSName)
    case ptr(DNSName)
    case srv(priority: UInt16, weight: UInt16, port: UInt16, target: DNSName)
    case txt(String)
    case soa(primary: DNSName, mailbox: DNSName, serial: UInt32, refresh: UInt32, retry: UInt32, expire: UInt32, minimum: UInt32)

    package var type: DNSRecordType {
        switch self {
        case .a: .a
        case .aaaa: .aaaa
        case .cname: .cname
        case .ptr: .ptr
        case .srv: .srv
        case .txt: .txt
        case .soa: .soa
        }
    }
}

/// One resource record of an answer; `ttl` in seconds.
package struct DNSRecord: Equatable, Sendable {
    package var name: DNSName
    package var ttl: UInt32
    package var data: DNSRecordData

    package init(name: DNSName, ttl: UInt32, data: DNSRecordData) {
        self.name = name
        self.ttl = ttl
        self.data = data
    }
}

/// An answer before it is encoded.
package struct DNSAnswer: Equatable, Sendable {
    package var code: DNSResponseCode
    package var isAuthoritative: Bool
    package var answers: [DNSRecord]
    package var authority: [DNSRecord]
    package var additional: [DNSRecord]

    package init(
        code: DNSResponseCode = .noError, isAuthoritative: Bool = true, answers: [DNSRecord] = [], authority: [DNSRecord] = [],
        additional: [DNSRecord] = []
    ) {
        self.code = code
        self.isAuthoritative = isAuthoritative
        self.answers = answers
        self.authority = authority
        self.additional = additional
    }
}
