extension JSONReader {
    /// A number as it was scanned.
    struct NumberScan {
        var start: Int
        /// The value, when the number has neither fraction nor exponent and fits.
        var integer: Int64?
        /// Whether it has neither fraction nor exponent.
        var isWhole: Bool
    }

    @inline(__always)
    private func digit(at place: Int) -> UInt8? {
        guard place < end else { return nil }
        let digit = base.load(fromByteOffset: place, as: UInt8.self) &- UInt8(ascii: "0")
        return digit < 10 ? digit : nil
    }

    /// Passes over a number and checks its form.
    mutating func scanNumber() throws(JSONError) -> NumberScan {
        let start = position
        var place = start
        let negative = place < end && base.load(fromByteOffset: place, as: UInt8.self) == UInt8(ascii: "-")
        if negative { place += 1 }
        guard let first = digit(at: place) else {
            position = place
            throw unexpected(negative ? "a digit" : "a value")
        }
        place += 1
        var magnitude = UInt64(first)
        var overflow = false
        if first != 0 {
            while let next = digit(at: place) {
                // 18 digits always fit; only longer numbers need the careful arithmetic.
                if place - start < 18 {
                    magnitude = magnitude &* 10 &+ UInt64(next)
                } else {
                    let (product, tooBig) = magnitude.multipliedReportingOverflow(by: 10)
                    let (sum, carry) = product.addingReportingOverflow(UInt64(next))
                    overflow = overflow || tooBig || carry
                    magnitude = sum
                }
                place += 1
            }
        }
        var isWhole = true
        if place < end, base.load(fromByteOffset: place, as: UInt8.self) == UInt8(ascii: ".") {
            isWhole = false
            place = try digits(from: place + 1)
        }
        if place < end, base.load(fromByteOffset: place, as: UInt8.self) | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            place += 1
            if place < end {
                let sign = base.load(fromByteOffset: place, as: UInt8.self)
                if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { place += 1 }
            }
            place = try digits(from: place)
        }
        position = place
        guard isWhole, !overflow else { return NumberScan(start: start, integer: nil, isWhole: isWhole) }
        let integer: Int64? =
            if negative {
                magnitude <= UInt64(Int64.max) ? -Int64(magnitude) : magnitude == UInt64(Int64.max) + 1 ? Int64.min : nil
            } else {
                Int64(exactly: magnitude)
            }
        return NumberScan(start: start, integer: integer, isWhole: true)
    }

    /// Passes over at least one digit.
    private mutating func digits(from start: Int) throws(JSONError) -> Int {
        var place = start
        while digit(at: place) != nil { place += 1 }
        guard place > start else {
            position = place
            throw unexpected("a digit")
        }
        return place
    }

    /// Whether a number comes next; otherwise nothing is consumed.
    private mutating func isNumberNext() throws(JSONError) -> Bool {
        let byte = try peekToken()
        return byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") < 10
    }

    /// The integer at the position; a number with a fraction or exponent, or out of range, is an error, as in Go.
    package mutating func readInteger() throws(JSONError) -> Int64 {
        guard try isNumberNext() else { throw mismatch("an integer") }
        let scan = try scanNumber()
        if let integer = scan.integer { return integer }
        throw numberError(scan, "an integer of 64 bits")
    }

    /// The integer at the position; out of 32 bits is an error.
    package mutating func readInt32() throws(JSONError) -> Int32 {
        guard try isNumberNext() else { throw mismatch("an integer") }
        let scan = try scanNumber()
        if let integer = scan.integer, let value = Int32(exactly: integer) { return value }
        throw numberError(scan, "an integer of 32 bits")
    }

    /// Any number as the nearest double; too big for a double is an error.
    package mutating func readDouble() throws(JSONError) -> Double {
        guard try isNumberNext() else { throw mismatch("a number") }
        let scan = try scanNumber()
        if let integer = scan.integer { return Double(integer) }
        guard let value = Double(numberText(scan)), value.isFinite else { throw numberError(scan, "a number of 64 bits") }
        return value
    }

    func numberText(_ scan: NumberScan) -> String {
        makeString(from: scan.start, to: position, escaped: false)
    }

    @inline(never)
    private func numberError(_ scan: NumberScan, _ wanted: StaticString) -> JSONError {
        let text = numberText(scan)
        let shown = text.utf8.count > 40 ? "\(text.prefix(40))..." : text
        return JSONError(scan.isWhole ? .outOfRange : .typeMismatch, at: scan.start, "number \(shown) is not \(wanted)")
    }
}
