package import JSON

/// A moment, to the second, as RFC 3339 in UTC.
package struct Time: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    package var seconds: Int64

    package init() { seconds = 0 }
    package init(seconds: Int64) { self.seconds = seconds }

    /// nil when the text is not RFC 3339. A fraction of a second is dropped.
    package init?(_ text: String) {
        var text = text
        guard let moment = text.withUTF8({ Moment(UnsafeRawBufferPointer($0)) }) else { return nil }
        seconds = moment.seconds
    }

    package static func < (a: Time, b: Time) -> Bool { a.seconds < b.seconds }

    /// As `2026-01-02T03:04:05Z`.
    package var description: String { Moment(seconds: seconds, microseconds: 0).text(withFraction: false) }
}

extension Time: JSONCodable {
    package init(json r: inout JSONReader) throws(JSONError) {
        seconds = try Moment(json: &r).seconds
    }

    package func write(json w: inout JSONWriter) { w.value(description) }
}

/// A moment, to the microsecond, as RFC 3339 in UTC with six decimal places.
package struct MicroTime: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    package var microseconds: Int64

    package init() { microseconds = 0 }
    package init(microseconds: Int64) { self.microseconds = microseconds }

    /// nil when the text is not RFC 3339. What is finer than a microsecond is dropped.
    package init?(_ text: String) {
        var text = text
        guard let moment = text.withUTF8({ Moment(UnsafeRawBufferPointer($0)) }) else { return nil }
        microseconds = moment.totalMicroseconds
    }

    package static func < (a: MicroTime, b: MicroTime) -> Bool { a.microseconds < b.microseconds }

    /// As `2026-01-02T03:04:05.000006Z`.
    package var description: String {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return Moment(seconds: remainder < 0 ? quotient - 1 : quotient, microseconds: remainder < 0 ? remainder + 1_000_000 : remainder)
            .text(withFraction: true)
    }
}

extension MicroTime: JSONCodable {
    package init(json r: inout JSONReader) throws(JSONError) {
        microseconds = try Moment(json: &r).totalMicroseconds
    }

    package func write(json w: inout JSONWriter) { w.value(description) }
}

/// What both forms of time are read and written through.
private struct Moment {
    var seconds: Int64
    /// 0 to 999,999
    var microseconds: Int64

    init(seconds: Int64, microseconds: Int64) {
        self.seconds = seconds
        self.microseconds = microseconds
    }

    /// Years 0 to 9999: far within Int64.
    var totalMicroseconds: Int64 { seconds * 1_000_000 + microseconds }

    init(json r: inout JSONReader) throws(JSONError) {
        let (moment, text) = try r.readString { bytes -> (Moment?, String) in
            let moment = Moment(bytes)
            return (moment, moment == nil ? String(decoding: bytes, as: UTF8.self) : "")
        }
        guard let moment else { throw r.invalidValue("parsing time \"\(text)\" as \"2006-01-02T15:04:05Z07:00\": cannot parse") }
        self = moment
    }

    /// `2006-01-02T15:04:05[.999]` and `Z` or `+07:00`; nil for anything else.
    init?(_ text: UnsafeRawBufferPointer) {
        func number(_ start: Int, _ count: Int) -> Int64? {
            guard start + count <= text.count else { return nil }
            var value: Int64 = 0
            for place in start..<start + count {
                let byte = text[place]
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            return value
        }
        guard text.count >= 20, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"), text[10] == UInt8(ascii: "T"),
            text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
            let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
            (1...12).contains(month), day >= 1, day <= CivilTime.days(inMonth: month, of: year), hour < 24, minute < 60, second < 60
        else { return nil }
        var place = 19
        var microseconds: Int64 = 0
        if text[place] == UInt8(ascii: ".") || text[place] == UInt8(ascii: ",") {
            place += 1
            var unit: Int64 = 100_000
            let start = place
            while let digit = number(place, 1) {
                microseconds += digit * unit
                unit /= 10
                place += 1
            }
            guard place > start else { return nil }
        }
        guard place < text.count else { return nil }
        var offset: Int64 = 0
        switch text[place] {
        case UInt8(ascii: "Z"):
            place += 1
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard let hours = number(place + 1, 2), let minutes = number(place + 4, 2), text[place + 3] == UInt8(ascii: ":"), hours <= 24,
                minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * (text[place] == UInt8(ascii: "-") ? -60 : 60)
            place += 6
        default:
            return nil
        }
        guard place == text.count else { return nil }
        seconds = CivilTime.days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        self.microseconds = microseconds
    }

    func text(withFraction: Bool) -> String {
        // Outside of years 0 to 9999 there is no RFC 3339: the nearest moment that has one stands in.
        let seconds = min(max(seconds, -62_167_219_200), 253_402_300_799)
        let days = CivilTime.floorDivide(seconds, by: 86_400)
        let rest = seconds - days * 86_400
        let (year, month, day) = CivilTime.date(days: days)

        return String(unsafeUninitializedCapacity: 32) { buffer in
            var place = 0
            func put(_ value: Int64, _ digits: Int, _ separator: UInt8) {
                var value = value
                for i in (0..<digits).reversed() {
                    buffer[place + i] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
                    value /= 10
                }
                buffer[place + digits] = separator
                place += digits + 1
            }
            put(year, 4, UInt8(ascii: "-"))
            put(month, 2, UInt8(ascii: "-"))
            put(day, 2, UInt8(ascii: "T"))
            put(rest / 3600, 2, UInt8(ascii: ":"))
            put(rest / 60 % 60, 2, UInt8(ascii: ":"))
            put(rest % 60, 2, withFraction ? UInt8(ascii: ".") : UInt8(ascii: "Z"))
            if withFraction { put(microseconds, 6, UInt8(ascii: "Z")) }
            return place
        }
    }
}
