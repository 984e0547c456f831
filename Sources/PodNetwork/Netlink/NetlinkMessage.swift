/// A message of the kernel's routing interface (rtnetlink), as bytes: the body of its kind, then attributes, in the machine's byte order.
struct NetlinkMessage: Sendable {
    enum Kind {
        static let newRoute: UInt16 = 24
        static let deleteRoute: UInt16 = 25
        static let getRoute: UInt16 = 26
        static let newNeighbour: UInt16 = 28
        static let deleteNeighbour: UInt16 = 29
        static let getNeighbour: UInt16 = 30
    }

    enum Flag {
        static let request: UInt16 = 1
        static let acknowledge: UInt16 = 4
        static let replace: UInt16 = 0x100
        static let dump: UInt16 = 0x300
        static let create: UInt16 = 0x400
    }

    var kind: UInt16
    var flags: UInt16
    /// What follows the header.
    private(set) var payload: [UInt8] = []

    init(_ kind: UInt16, flags: UInt16) {
        self.kind = kind
        self.flags = flags | Flag.request
    }

    mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value) { payload.append(contentsOf: $0) }
    }

    mutating func append(bytes: [UInt8]) { payload += bytes }

    mutating func attribute(_ type: UInt16, _ bytes: [UInt8]) {
        append(UInt16(truncatingIfNeeded: bytes.count + 4))
        append(type)
        payload += bytes
        while payload.count % 4 != 0 { payload.append(0) }
    }

    mutating func attribute(_ type: UInt16, _ value: UInt32) {
        attribute(type, withUnsafeBytes(of: value) { Array($0) })
    }

    /// With its header.
    func bytes(sequence: UInt32) -> [UInt8] {
        var message = NetlinkMessage(kind, flags: flags)
        message.append(UInt32(truncatingIfNeeded: payload.count + 16))
        message.append(kind)
        message.append(flags)
        message.append(sequence)
        message.append(UInt32(0))
        return message.payload + payload
    }
}

/// Reads what the kernel says; nothing in it is trusted to be as long as it says.
struct NetlinkReader {
    struct Answer {
        var kind: UInt16
        var sequence: UInt32
        var payload: ArraySlice<UInt8>
    }

    /// The messages of one datagram.
    static func answers(_ datagram: [UInt8]) -> [Answer] {
        var answers: [Answer] = []
        var rest = datagram[...]
        while rest.count >= 16 {
            let length = Int(number(rest, 0, as: UInt32.self) ?? 0)
            guard length >= 16, length <= rest.count else { break }
            let message = rest.prefix(length)
            answers.append(
                Answer(
                    kind: number(message, 4, as: UInt16.self) ?? 0, sequence: number(message, 8, as: UInt32.self) ?? 0,
                    payload: message.dropFirst(16)))
            rest = rest.dropFirst(min((length + 3) & ~3, rest.count))
        }
        return answers
    }

    /// Attributes by their type, behind a body of `offset` bytes.
    static func attributes(_ payload: ArraySlice<UInt8>, from offset: Int) -> [UInt16: [UInt8]] {
        var found: [UInt16: [UInt8]] = [:]
        var rest = payload.dropFirst(offset)
        while rest.count >= 4 {
            let length = Int(number(rest, 0, as: UInt16.self) ?? 0)
            guard length >= 4, length <= rest.count else { break }
            // The two highest bits say how it is nested and in which byte order.
            found[(number(rest, 2, as: UInt16.self) ?? 0) & 0x3FFF] = Array(rest.dropFirst(4).prefix(length - 4))
            rest = rest.dropFirst(min((length + 3) & ~3, rest.count))
        }
        return found
    }

    /// A number in the machine's byte order; nil beyond the end.
    static func number<Value: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, _ offset: Int, as type: Value.Type) -> Value? {
        let size = MemoryLayout<Value>.size
        guard offset >= 0, bytes.count >= offset + size else { return nil }
        return Array(bytes.dropFirst(offset).prefix(size)).withUnsafeBytes { $0.loadUnaligned(as: Value.self) }
    }
}
