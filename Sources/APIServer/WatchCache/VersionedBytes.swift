/// An object's canonical JSON with its `resourceVersion` in it: stored values come without one, readers want it.
///
/// The version stands first in `metadata`: `..."metadata":{"resourceVersion":"42",...`. Its place is remembered, so that another version can be
/// put there without looking for it again.
struct VersionedBytes {
    private(set) var bytes: [UInt8]
    /// Where the digits stand.
    private(set) var digits: Range<Int>

    /// - Returns: nil when `value` is not an object with an object `metadata`.
    init?(value: [UInt8], version: Int64) {
        let place: (offset: Int, isEmpty: Bool)? = value.withUnsafeBufferPointer { value in
            guard let metadata = MemberScanner.value(at: ["metadata"], in: value), value[metadata.lowerBound] == UInt8(ascii: "{") else {
                return nil
            }
            let isEmpty = MemberScanner.isEmptyObject(value, at: metadata)
            return (metadata.lowerBound + 1, isEmpty)
        }
        guard let place else { return nil }
        let number = Self.decimal(version)
        var result: [UInt8] = []
        result.reserveCapacity(value.count + Self.opening.count + number.count + 2)
        result += value[..<place.offset]
        result += Self.opening
        let start = result.count
        result += number
        digits = start..<result.count
        result.append(UInt8(ascii: "\""))
        if !place.isEmpty { result.append(UInt8(ascii: ",")) }
        result += value[place.offset...]
        bytes = result
    }

    /// The same object under another version.
    init(bytes old: [UInt8], digits place: Range<Int>, version: Int64) {
        let number = Self.decimal(version)
        var result: [UInt8] = []
        result.reserveCapacity(old.count + number.count - place.count)
        result += old[..<place.lowerBound]
        result += number
        result += old[place.upperBound...]
        bytes = result
        digits = place.lowerBound..<(place.lowerBound + number.count)
    }

    private static let opening = Array(#""resourceVersion":""#.utf8)

    private static func decimal(_ number: Int64) -> [UInt8] {
        Array(String(number).utf8)
    }
}

extension MemberScanner {
    /// Whether nothing but space stands between the braces at the ends of `range`.
    static func isEmptyObject(_ bytes: UnsafeBufferPointer<UInt8>, at range: Range<Int>) -> Bool {
        bytes[range].dropFirst().dropLast().allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    }
}
