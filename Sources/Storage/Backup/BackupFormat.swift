/// What a backup looks like: one store at one revision, without its history, whichever store it was.
///
/// ```
/// magic     8 bytes    "apusbkup"
/// format    4 bytes
/// revision  8 bytes    of the store when it was read
/// time      8 bytes    when that was, milliseconds since 1970
/// entries:
///   1       1 byte
///   key length 4, value length 4, create revision 8, mod revision 8, expires 8 (milliseconds since 1970; 0: never) bytes
///   key, value
/// end:
///   0       1 byte
///   count   8 bytes    of the entries
///   digest  32 bytes   SHA-256 of all that stands before
/// ```
/// Numbers have their greatest byte first.
enum BackupFormat {
    static let magic = Array("apusbkup".utf8)
    static let version: UInt32 = 1
    static let headBytes = 8 + 4 + 8 + 8
    static let entry: UInt8 = 1
    static let entryHeadBytes = 1 + 4 + 4 + 8 + 8 + 8
    static let end: UInt8 = 0
    static let digestBytes = 32
    static let endBytes = 1 + 8 + digestBytes

    static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// - Returns: nil when the bytes are not all there.
    static func number<Number: FixedWidthInteger>(_: Number.Type, in bytes: [UInt8], at offset: Int) -> Number? {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, offset <= bytes.count - size else { return nil }
        return bytes[offset..<offset + size].reduce(Number(0)) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }
}

/// One key of a backup.
package struct BackupEntry: Sendable, Equatable {
    package var keyValue: KeyValue
    /// Milliseconds since 1970; nil: never.
    package var expires: Int64?

    package init(keyValue: KeyValue, expires: Int64? = nil) {
        self.keyValue = keyValue
        self.expires = expires
    }
}

/// What a backup says of itself.
package struct BackupSummary: Sendable, Equatable {
    /// Of the store when it was read.
    package var revision: Int64
    /// Milliseconds since 1970.
    package var time: Int64
    package var count: Int64
}

extension BackupSummary {
    /// The revision that a store begins with when this has been put back: greater than any that anybody can have seen, of the store as it was after the
    /// backup, or of one that was put back before, from whichever backup. All that was before is compacted, so that whoever has followed the old store
    /// lists anew.
    ///
    /// It is the time, which no store overtakes that writes less than once a microsecond. When the clock is behind the store, it goes as far ahead as
    /// etcd's own tool is told to.
    /// - Parameter now: milliseconds since 1970.
    package func revisionAfterRestore(now: Int64) -> Int64 {
        let (microseconds, overflow) = now.multipliedReportingOverflow(by: 1000)
        return !overflow && microseconds > revision ? min(microseconds, Self.revisionMax) : revision + Self.gap
    }

    private static let gap: Int64 = 1_000_000_000
    /// What fits into a store's identifiers of changes with room to grow.
    static let revisionMax = Int64.max >> 11
}
