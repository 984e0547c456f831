extension DNSQuery {
    /// A query with recursion desired, as bytes.
    static func encode(id: UInt16, name: DNSName, type: DNSRecordType) -> [UInt8] {
        var writer = DNSWriter()
        for value in [id, 0x0100, 1, 0, 0, 0] { writer.uint16(value) }
        writer.name(name)
        writer.uint16(type.rawValue)
        writer.uint16(1)
        return writer.bytes
    }
}

/// Picks the address records out of another server's answer.
enum DNSAddressReader {
    static func addresses(in message: [UInt8]) -> [IPAddressBytes] {
        var cursor = DNSCursor(bytes: message, position: 4)
        guard let questions = cursor.uint16(), let answers = cursor.uint16(), cursor.skip(4) else { return [] }
        for _ in 0..<questions {
            guard cursor.name() != nil, cursor.skip(4) else { return [] }
        }
        var found: [IPAddressBytes] = []
        for _ in 0..<answers {
            guard cursor.name() != nil, let type = cursor.uint16(), cursor.skip(6), let length = cursor.uint16() else { return found }
            let start = cursor.position
            guard cursor.skip(Int(length)) else { return found }
            if type == DNSRecordType.a.rawValue && length == 4 || type == DNSRecordType.aaaa.rawValue && length == 16,
                let address = IPAddressBytes(bytes: Array(message[start..<cursor.position]))
            {
                found.append(address)
            }
        }
        return found
    }
}
