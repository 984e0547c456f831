import Synchronization

/// Makes the ids of requests: unlike any other process's, and cheap. A random start and a count, written as a UUID.
final class RequestIDSource: Sendable {
    private let prefix: String
    private let count = Atomic<UInt64>(0)

    init(random: inout some RandomNumberGenerator) {
        let start = random.next()
        prefix =
            Self.hex(start >> 32, 8) + "-" + Self.hex(start >> 16 & 0xFFFF, 4) + "-4" + Self.hex(start & 0xFFF, 3) + "-a"
            + Self.hex(random.next() & 0xFFF, 3) + "-"
    }

    convenience init() {
        var random = SystemRandomNumberGenerator()
        self.init(random: &random)
    }

    func next() -> String {
        var value = count.wrappingAdd(1, ordering: .relaxed).newValue
        return String(unsafeUninitializedCapacity: 36) { buffer in
            for (index, byte) in prefix.utf8.enumerated() where index < 24 { buffer[index] = byte }
            for index in stride(from: 35, through: 24, by: -1) {
                let digit = UInt8(truncatingIfNeeded: value & 15)
                buffer[index] = digit < 10 ? 48 + digit : 87 + digit
                value >>= 4
            }
            return 36
        }
    }

    private static func hex(_ value: UInt64, _ digits: Int) -> String {
        String(unsafeUninitializedCapacity: digits) { buffer in
            var value = value
            for index in stride(from: digits - 1, through: 0, by: -1) {
                let digit = UInt8(truncatingIfNeeded: value & 15)
                buffer[index] = digit < 10 ? 48 + digit : 87 + digit
                value >>= 4
            }
            return digits
        }
    }
}
