extension DNSAnswer {
    /// The answer to `query` as bytes. An answer longer than `limit` is cut to its question with the truncated bit set, so that the client
    /// asks again over TCP (RFC 2181, section 9).
    package func encoded(for query: DNSQuery, limit: Int) -> [UInt8] {
        let whole = encode(query, truncated: false)
        return whole.count <= limit ? whole : DNSAnswer(code: code, isAuthoritative: isAuthoritative).encode(query, truncated: true)
    }

    private func encode(_ query: DNSQuery, truncated: Bool) -> [UInt8] {
        var writer = DNSWriter()
        writer.uint16(query.id)
        var flags: UInt16 = 0x8000 | UInt16(query.opcode) << 11 | UInt16(code.rawValue)
        if isAuthoritative { flags |= 0x0400 }
        if truncated { flags |= 0x0200 }
        if query.recursionDesired { flags |= 0x0100 }
        flags |= 0x0080  // recursion is available: other names are forwarded
        writer.uint16(flags)
        writer.uint16(1)
        writer.uint16(UInt16(clamping: answers.count))
        writer.uint16(UInt16(clamping: authority.count))
        writer.uint16(UInt16(clamping: additional.count + (query.hasEDNS ? 1 : 0)))
        writer.name(query.question.name)
        writer.uint16(query.question.type.rawValue)
        writer.uint16(query.question.recordClass)
        for record in answers { writer.record(record) }
        for record in authority { writer.record(record) }
        for record in additional { writer.record(record) }
        if query.hasEDNS { writer.edns() }
        return writer.bytes
    }

    /// The answer to bytes whose header could be read but not the rest.
    package static func formatError(id: UInt16) -> [UInt8] {
        [UInt8(id >> 8), UInt8(id & 0xff), 0x80, 0x81, 0, 0, 0, 0, 0, 0, 0, 0]
    }
}

/// Writes names with compression: a name's tail that was written before is a pointer to it (RFC 1035, section 4.1.4).
struct DNSWriter {
    var bytes: [UInt8] = []
    private var positions: [ArraySlice<String>: Int] = [:]

    init() {
        bytes.reserveCapacity(512)
    }

    mutating func uint16(_ value: UInt16) {
        bytes.append(UInt8(value >> 8))
        bytes.append(UInt8(value & 0xff))
    }

    mutating func uint32(_ value: UInt32) {
        uint16(UInt16(value >> 16))
        uint16(UInt16(value & 0xffff))
    }

    mutating func name(_ name: DNSName) {
        var rest = name.labels[...]
        while let first = rest.first {
            if let position = positions[rest] {
                uint16(0xc000 | UInt16(position))
                return
            }
            if bytes.count < 0x4000 { positions[rest] = bytes.count }
            let label = Array(first.utf8.prefix(63))
            bytes.append(UInt8(label.count))
            bytes += label
            rest = rest.dropFirst()
        }
        bytes.append(0)
    }

    mutating func record(_ record: DNSRecord) {
        name(record.name)
        uint16(record.data.type.rawValue)
        uint16(1)
        uint32(record.ttl)
        let lengthAt = bytes.count
        uint16(0)
        switch record.data {
        case .a(let address), .aaaa(let address):
            bytes += address
        case .cname(let target), .ptr(let target):
            name(target)
        case .srv(let priority, let weight, let port, let target):
            uint16(priority)
            uint16(weight)
            uint16(port)
            name(target)
        case .txt(let text):
            let part = Array(text.utf8.prefix(255))
            bytes.append(UInt8(part.count))
            bytes += part
        case .soa(let primary, let mailbox, let serial, let refresh, let retry, let expire, let minimum):
            name(primary)
            name(mailbox)
            for value in [serial, refresh, retry, expire, minimum] { uint32(value) }
        }
        let length = bytes.count - lengthAt - 2
        bytes[lengthAt] = UInt8(length >> 8 & 0xff)
        bytes[lengthAt + 1] = UInt8(length & 0xff)
    }

    /// An OPT record that offers 1232 bytes, which fits every path's MTU.
    mutating func edns() {
        bytes.append(0)
        uint16(DNSRecordType.opt.rawValue)
        uint16(1232)
        uint32(0)
        uint16(0)
    }
}
