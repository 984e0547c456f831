import Glibc

/// When the clocks of a place are how far from UTC, from the system's time zone files (RFC 8536).
package struct TimeZoneTable: Sendable {
    package static let utc = TimeZoneTable(transitions: [], first: 0, rule: nil)

    /// Each moment (seconds since 1970) with the offset that begins there.
    private let transitions: [(at: Int64, offset: Int64)]
    /// Before all transitions.
    private let first: Int64
    private let rule: TimeZoneRule?

    private init(transitions: [(at: Int64, offset: Int64)], first: Int64, rule: TimeZoneRule?) {
        self.transitions = transitions
        self.first = first
        self.rule = rule
    }

    /// Seconds east of UTC at a moment.
    package func offset(at moment: Int64) -> Int64 {
        guard let last = transitions.last else { return rule?.offset(at: moment) ?? first }
        if moment >= last.at { return rule?.offset(at: moment) ?? last.offset }
        var (low, high) = (0, transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].at <= moment { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : transitions[low - 1].offset
    }

    /// The zone of an IANA name, such as `Europe/Berlin`; nil when there is none. Reads a small file.
    ///
    /// - Parameter directory: where the files are.
    package init?(named name: String, directory: String = "/usr/share/zoneinfo") {
        if name == "UTC" || name.isEmpty {
            self = .utc
            return
        }
        // A name is a path below the folder and nothing else.
        let isName = name.utf8.allSatisfy { byte in
            (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
                || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
        }
        guard isName, !name.hasPrefix("/"), let bytes = Self.read("\(directory)/\(name)") else { return nil }
        self.init(file: bytes)
    }

    /// nil when the bytes are not a time zone file of version 2 or later.
    init?(file bytes: [UInt8]) {
        guard var reader = Reader(bytes), reader.skipOldBlock(), let header = reader.header() else { return nil }
        var times: [Int64] = []
        for _ in 0..<header.transitions {
            guard let time = reader.integer(8) else { return nil }
            times.append(time)
        }
        guard let kinds = reader.take(header.transitions) else { return nil }
        var offsets: [Int64] = []
        for _ in 0..<header.types {
            guard let offset = reader.integer(4), reader.take(2) != nil, abs(offset) < 7 * 86_400 else { return nil }
            offsets.append(offset)
        }
        guard let first = offsets.first, kinds.allSatisfy({ Int($0) < offsets.count }),
            reader.take(header.characters + header.leaps * 12 + header.standard + header.universal) != nil
        else { return nil }
        let footer = String(decoding: reader.rest.drop { $0 == 10 }.prefix { $0 != 10 }, as: UTF8.self)
        transitions = zip(times, kinds).map { ($0, offsets[Int($1)]) }
        self.first = first
        rule = TimeZoneRule(footer)
    }

    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        // Far above the largest of these files.
        var bytes = [UInt8](repeating: 0, count: 1 << 18)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress.map { $0 + length }, $0.count - length) }
            if count < 0 { return nil }
            if count == 0 { break }
            length += count
        }
        return Array(bytes.prefix(length))
    }

    private struct Reader {
        struct Header {
            var universal, standard, leaps, transitions, types, characters: Int
        }

        private let bytes: [UInt8]
        private var place = 0

        init?(_ bytes: [UInt8]) {
            guard bytes.starts(with: Array("TZif".utf8)), bytes.count > 44, bytes[4] >= UInt8(ascii: "2") else { return nil }
            self.bytes = bytes
        }

        var rest: ArraySlice<UInt8> { bytes[place...] }

        mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count >= 0, bytes.count - place >= count else { return nil }
            defer { place += count }
            return bytes[place..<place + count]
        }

        /// A signed number, the highest byte first.
        mutating func integer(_ width: Int) -> Int64? {
            guard let taken = take(width) else { return nil }
            var value: Int64 = 0
            for byte in taken { value = value << 8 | Int64(byte) }
            return width == 4 ? Int64(Int32(truncatingIfNeeded: value)) : value
        }

        mutating func header() -> Header? {
            guard take(20) != nil else { return nil }
            var counts: [Int] = []
            for _ in 0..<6 {
                guard let count = integer(4), (0...100_000).contains(count) else { return nil }
                counts.append(Int(count))
            }
            return Header(
                universal: counts[0], standard: counts[1], leaps: counts[2], transitions: counts[3], types: counts[4], characters: counts[5])
        }

        /// The block with 32-bit times, which newer readers pass over.
        mutating func skipOldBlock() -> Bool {
            guard let old = header() else { return false }
            return take(old.transitions * 5 + old.types * 6 + old.characters + old.leaps * 8 + old.standard + old.universal) != nil
        }
    }
}
