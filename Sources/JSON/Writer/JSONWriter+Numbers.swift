extension JSONWriter {
    mutating func integer(_ v: Int64) {
        let start = reserve(20)
        var magnitude = v.magnitude
        if magnitude < 10 && v >= 0 {
            start.storeBytes(of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude), as: UInt8.self)
            wrote(1)
            return
        }
        var length = v < 0 ? 1 : 0
        var rest = magnitude
        repeat {
            length += 1
            rest /= 10
        } while rest > 0
        var place = length
        repeat {
            place -= 1
            start.storeBytes(of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude % 10), toByteOffset: place, as: UInt8.self)
            magnitude /= 10
        } while magnitude > 0
        if v < 0 { start.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self) }
        wrote(length)
    }

    /// The shortest digits that read back as the same double, in Go's format: an exponent below 1e-6 and from 1e21 on, no fraction when whole.
    /// Infinities and NaN, which JSON cannot say, become null.
    package mutating func value(_ v: Double) {
        separate()
        guard v.isFinite else {
            literal("null")
            return
        }
        let (negative, digits, point) = Self.decimal(v)
        if negative { byte(UInt8(ascii: "-")) }
        let magnitude = v.magnitude
        if magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21) {
            byte(digits[0])
            if digits.count > 1 {
                byte(UInt8(ascii: "."))
                for digit in digits[1...] { byte(digit) }
            }
            byte(UInt8(ascii: "e"))
            if point > 0 { byte(UInt8(ascii: "+")) }
            integer(Int64(point - 1))
            return
        }
        if point <= 0 {
            literal("0.")
            for _ in 0..<(-point) { byte(UInt8(ascii: "0")) }
            for digit in digits { byte(digit) }
            return
        }
        for place in 0..<max(point, digits.count) {
            if place == point { byte(UInt8(ascii: ".")) }
            byte(place < digits.count ? digits[place] : UInt8(ascii: "0"))
        }
    }

    /// The significant digits, and where the decimal point stands relative to the first of them.
    private static func decimal(_ v: Double) -> (negative: Bool, digits: [UInt8], point: Int) {
        var negative = false
        var digits: [UInt8] = []
        var point: Int?
        var exponent = 0
        var inExponent = false
        var negativeExponent = false
        for byte in v.description.utf8 {
            switch byte {
            case UInt8(ascii: "-"): if inExponent { negativeExponent = true } else { negative = true }
            case UInt8(ascii: "."): point = digits.count
            case UInt8(ascii: "e"): inExponent = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if inExponent { exponent = exponent * 10 + Int(byte - UInt8(ascii: "0")) } else { digits.append(byte) }
            default: break
            }
        }
        var place = (point ?? digits.count) + (negativeExponent ? -exponent : exponent)
        let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leadingZeros)
        place -= leadingZeros
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return digits.isEmpty ? (negative, [UInt8(ascii: "0")], 1) : (negative, digits, place)
    }
}
