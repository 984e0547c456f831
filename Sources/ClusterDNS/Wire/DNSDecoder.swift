/// Why bytes are not a query we can answer.
package enum DNSDecodingError: Error, Equatable, Sendable {
    /// Shorter than a header, or a response: there is nobody to answer.
    case notAQuery
    /// A header we understand with a body we do not: answered with `formatError`.
    case malformed(id: UInt16)
}

extension DNSQuery {
    /// Reads a query of exactly one question. Compression pointers are followed only backwards, so that no message can loop.
    package init(decoding bytes: [UInt8]) throws(DNSDecodingError) {
        guard bytes.count >= 12 else { throw .notAQuery }
        let id = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        guard bytes[2] & 0x80 == 0 else { throw .notAQuery }
        var cursor = DNSCursor(bytes: bytes, position: 4)
        guard let questions = cursor.uint16(), let answers = cursor.uint16(), let authority = cursor.uint16(), let additional = cursor.uint16(),
            questions == 1, let name = cursor.name(), let type = cursor.uint16(), let recordClass = cursor.uint16()
        else { throw .malformed(id: id) }
        self.id = id
        opcode = bytes[2] >> 3 & 0x0f
        recursionDesired = bytes[2] & 1 == 1
        question = DNSQuestion(name: name, type: DNSRecordType(rawValue: type), recordClass: recordClass)
        maxUDPSize = 512
        hasEDNS = false
        for _ in 0..<(Int(answers) + Int(authority) + Int(additional)) {
            guard cursor.name() != nil, let type = cursor.uint16(), let recordClass = cursor.uint16(), cursor.uint32() != nil,
                let length = cursor.uint16(), cursor.skip(Int(length))
            else { throw .malformed(id: id) }
            if type == DNSRecordType.opt.rawValue {
                hasEDNS = true
                maxUDPSize = min(max(Int(recordClass), 512), 4096)
            }
        }
    }
}

/// A position in a message; every read checks the bounds.
struct DNSCursor {
    let bytes: [UInt8]
    var position: Int

    mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, bytes.count - position >= count else { return false }
        position += count
        return true
    }

    mutating func uint16() -> UInt16? {
        guard bytes.count - position >= 2 else { return nil }
        defer { position += 2 }
        return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }

    mutating func uint32() -> UInt32? {
        guard let high = uint16(), let low = uint16() else { return nil }
        return UInt32(high) << 16 | UInt32(low)
    }

    /// Reads a name of at most 255 bytes (RFC 1035, section 2.3.4).
    mutating func name() -> DNSName? {
        var labels: [String] = []
        var total = 0
        var at = position
        var jumped = false
        while true {
            guard at < bytes.count else { return nil }
            let length = Int(bytes[at])
            switch length & 0xc0 {
            case 0x00:
                if length == 0 {
                    if !jumped { position = at + 1 }
                    return DNSName(labels: labels)
                }
                total += length + 1
                guard total <= 254, bytes.count - at > length else { return nil }
                labels.append(Self.label(bytes[(at + 1)...(at + length)]))
                at += length + 1
            case 0xc0:
                guard bytes.count - at >= 2 else { return nil }
                let target = (length & 0x3f) << 8 | Int(bytes[at + 1])
                guard target < at else { return nil }
                if !jumped { position = at + 2 }
                jumped = true
                at = target
            default:
                return nil
            }
        }
    }

    private static func label(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
