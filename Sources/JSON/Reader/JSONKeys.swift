/// The keys of a type, made once per type: `static let keys = JSONKeys("name\0image\0ports")`.
/// A key in a document is found by its length and at most sixteen of its bytes (longer ones are compared whole), without making a String.
package struct JSONKeys: Sendable {
    private struct Entry {
        /// The first eight bytes (all, padded with zeros, of a shorter key).
        var head: UInt64
        /// The last eight bytes, zero for keys of less than eight.
        var tail: UInt64
        var start: Int
        var length: Int
    }

    private let names: [UInt8]
    private let entries: [Entry]
    /// Open addressing: an index of `entries`, or -1. The size is a power of two, at least twice the number of keys.
    private let slots: [Int16]
    private let shift: UInt64

    /// - Parameter names: the keys, joined by `\0`; at most 16,000.
    package init(_ names: StaticString) {
        let bytes = Array(UnsafeBufferPointer(start: names.utf8Start, count: names.utf8CodeUnitCount))
        self.init(bytes.isEmpty ? [] : bytes.split(separator: 0, omittingEmptySubsequences: false).map { Array($0) })
    }

    /// The same from names that are known at run time only. Of equal ones the first is found.
    package init(_ names: [String]) {
        self.init(names.map { Array($0.utf8) })
    }

    private init(_ names: [[UInt8]]) {
        var bits: UInt64 = 1
        while 1 << bits < names.count * 2 { bits += 1 }
        let shift = 64 - bits
        let mask = (1 << Int(bits)) - 1
        var slots = [Int16](repeating: -1, count: mask + 1)
        var entries: [Entry] = []
        var bytes: [UInt8] = []
        for (index, name) in names.enumerated() {
            let entry = name.withUnsafeBytes { name in
                Entry(
                    head: name.baseAddress.map { Self.head($0, name.count, readable: name.count) } ?? 0,
                    tail: name.baseAddress.map { Self.tail($0, name.count) } ?? 0, start: bytes.count, length: name.count)
            }
            var slot = Int(truncatingIfNeeded: Self.mix(entry.head, entry.tail, entry.length) >> shift)
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int16(clamping: index)
            entries.append(entry)
            bytes += name
        }
        self.names = bytes
        self.entries = entries
        self.slots = slots
        self.shift = shift
    }

    package var count: Int { entries.count }

    /// The key at an index, for messages.
    package func name(_ index: Int) -> String {
        let entry = entries[index]
        return String(decoding: names[entry.start..<entry.start + entry.length], as: UTF8.self)
    }

    /// The index of a key, -2 when there is none.
    package func find(_ key: String) -> Int {
        var key = key
        return key.withUTF8 { buffer in
            guard let base = buffer.baseAddress else { return findEmpty() }
            return find(UnsafeRawPointer(base), buffer.count, readable: buffer.count)
        }
    }

    private func findEmpty() -> Int { entries.firstIndex { $0.length == 0 } ?? -2 }

    /// - Parameter readable: how many bytes may be read from `key` on, at least `length`.
    func find(_ key: UnsafeRawPointer, _ length: Int, readable: Int) -> Int {
        var fingerprint: UInt64 = 0
        return find(key, length, readable: readable, &fingerprint)
    }

    /// The same, and the key's fingerprint, which is found out on the way.
    @inline(__always)
    func find(_ key: UnsafeRawPointer, _ length: Int, readable: Int, _ fingerprint: inout UInt64) -> Int {
        let head = Self.head(key, length, readable: readable)
        let tail = Self.tail(key, length)
        fingerprint = Self.mix(head, tail, length)
        let first = Int(truncatingIfNeeded: fingerprint >> shift)
        return slots.withUnsafeBufferPointer { slots in
            entries.withUnsafeBufferPointer { entries in
                var slot = first
                while true {
                    let index = Int(slots[slot])
                    if index < 0 { return -2 }
                    let entry = entries[index]
                    if entry.head == head && entry.tail == tail && entry.length == length
                        && (length <= 16 || names.withUnsafeBytes { Self.same(key, $0, entry.start, length) })
                    {
                        return index
                    }
                    slot = (slot + 1) & (slots.count - 1)
                }
            }
        }
    }

    @inline(__always)
    private static func same(_ a: UnsafeRawPointer, _ b: UnsafeRawBufferPointer, _ start: Int, _ length: Int) -> Bool {
        // The first and last eight bytes have been compared.
        var i = 8
        while i < length - 8 {
            if a.load(fromByteOffset: i, as: UInt8.self) != b[start + i] { return false }
            i += 1
        }
        return true
    }

    @inline(__always)
    private static func head(_ key: UnsafeRawPointer, _ length: Int, readable: Int) -> UInt64 {
        if readable >= 8 {
            let word = UInt64(littleEndian: key.loadUnaligned(as: UInt64.self))
            return length >= 8 ? word : word & ((1 << UInt64(length * 8)) - 1)
        }
        var word: UInt64 = 0
        var i = 0
        while i < length {
            word |= UInt64(key.load(fromByteOffset: i, as: UInt8.self)) << UInt64(i * 8)
            i += 1
        }
        return word
    }

    @inline(__always)
    private static func tail(_ key: UnsafeRawPointer, _ length: Int) -> UInt64 {
        length >= 8 ? UInt64(littleEndian: key.loadUnaligned(fromByteOffset: length - 8, as: UInt64.self)) : 0
    }

    @inline(__always)
    private static func mix(_ head: UInt64, _ tail: UInt64, _ length: Int) -> UInt64 {
        let mix = (head ^ UInt64(length)) &* 0x9E37_79B9_7F4A_7C15
        return (mix ^ (mix >> 29) ^ tail) &* 0xBF58_476D_1CE4_E5B9
    }

    /// A number that is equal for equal keys and rarely equal for others.
    @inline(__always)
    static func fingerprint(_ key: UnsafeRawPointer, _ length: Int, readable: Int) -> UInt64 {
        mix(head(key, length, readable: readable), tail(key, length), length)
    }
}
