/// Why a text is no quantity; the descriptions are those that clients know.
package enum QuantityError: Error, Sendable, Equatable, CustomStringConvertible {
    case format
    case suffix

    package var description: String {
        switch self {
        case .format: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        case .suffix: "unable to parse quantity's suffix"
        }
    }
}

extension Quantity {
    /// Number, then suffix. As upstream, the number may be missing (`Ki` is zero) and the point may be first or last.
    static func parse(_ text: UnsafeRawBufferPointer) -> Result<Quantity, QuantityError> {
        guard !text.isEmpty else { return .failure(.format) }
        var scanner = Scanner(text: text)
        let negative = scanner.sign()
        let whole = scanner.digits()
        var fraction = scanner.place..<scanner.place
        if scanner.take(UInt8(ascii: ".")) { fraction = scanner.digits() }
        guard let suffixRange = scanner.suffix() else { return .failure(.format) }
        guard let suffix = Suffix(UnsafeRawBufferPointer(rebasing: text[suffixRange])) else { return .failure(.suffix) }

        var magnitude = amount(text, whole, fraction, suffix)
        var format = suffix.format
        if format == .binarySI {
            magnitude = min(magnitude, Int128(Int64.max) * nanosPerUnit)
            if magnitude > 0 && magnitude < nanosPerUnit { format = .decimalSI }
        }
        return .success(Quantity(nanos: negative ? -magnitude : magnitude, format: format))
    }

    /// The magnitude in billionths, rounded up, capped at the limit.
    private static func amount(_ text: UnsafeRawBufferPointer, _ whole: Range<Int>, _ fraction: Range<Int>, _ suffix: Suffix) -> Int128 {
        // The digits without their point; a decimal exponent moves the point.
        func digit(_ i: Int) -> Int128 {
            guard i >= 0, i < whole.count + fraction.count else { return 0 }
            let place = i < whole.count ? whole.lowerBound + i : fraction.lowerBound + i - whole.count
            return Int128(text[place] - UInt8(ascii: "0"))
        }
        let count = whole.count + fraction.count
        let (point, overflow) = whole.count.addingReportingOverflow(suffix.exponent)
        let firstDigit = (0..<count).first { digit($0) != 0 }
        guard let firstDigit else { return 0 }
        // More than thirty whole digits are beyond the limit in any case, and the fortieth decimal place is below any billionth.
        if overflow || point - firstDigit > 30 { return limit }
        if point - firstDigit < -40 { return 1 }

        var result: Int128 = 0
        if point > firstDigit {
            for i in firstDigit..<point { result = min(result * 10 + digit(i), limit) }
        }
        let (product, tooBig) = result.multipliedReportingOverflow(by: suffix.unit)
        if tooBig || product > limit { return limit }
        // Horner's scheme from the last decimal place; dividing step by step gives the same whole part as dividing at the end.
        var below: Int128 = 0
        var inexact = false
        var i = count - 1
        while i >= point {
            let (quotient, remainder) = (digit(i) * suffix.unit + below).quotientAndRemainder(dividingBy: 10)
            below = quotient
            inexact = inexact || remainder != 0
            i -= 1
        }
        return min(product + below + (inexact ? 1 : 0), limit)
    }

    private struct Suffix {
        var format: Format
        /// The power of ten of a decimal suffix.
        var exponent = 0
        /// What one unit of the written number is, in billionths, before the exponent.
        var unit: Int128 = nanosPerUnit

        init?(_ text: UnsafeRawBufferPointer) {
            format = .decimalSI
            guard let first = text.first else { return }
            if text.count == 1, let exponent = Self.exponent(first) {
                self.exponent = exponent
            } else if text.count == 2, text[1] == UInt8(ascii: "i"), let bits = Self.binaryPower(first) {
                format = .binarySI
                unit = nanosPerUnit << Int128(bits)
            } else if text.count > 1, first | 0x20 == UInt8(ascii: "e"), let exponent = Self.integer(text.dropFirst()) {
                format = .decimalExponent
                self.exponent = exponent
            } else {
                return nil
            }
        }

        private static func exponent(_ letter: UInt8) -> Int? {
            switch letter {
            case UInt8(ascii: "n"): -9
            case UInt8(ascii: "u"): -6
            case UInt8(ascii: "m"): -3
            case UInt8(ascii: "k"): 3
            case UInt8(ascii: "M"): 6
            case UInt8(ascii: "G"): 9
            case UInt8(ascii: "T"): 12
            case UInt8(ascii: "P"): 15
            case UInt8(ascii: "E"): 18
            default: nil
            }
        }

        private static func binaryPower(_ letter: UInt8) -> Int? {
            switch letter {
            case UInt8(ascii: "K"): 10
            case UInt8(ascii: "M"): 20
            case UInt8(ascii: "G"): 30
            case UInt8(ascii: "T"): 40
            case UInt8(ascii: "P"): 50
            case UInt8(ascii: "E"): 60
            default: nil
            }
        }

        /// A signed exponent; nil without digits or with anything else. Huge ones are capped, which the amount's own limits make harmless.
        private static func integer(_ text: Slice<UnsafeRawBufferPointer>) -> Int? {
            var digits = text
            let negative = digits.first == UInt8(ascii: "-")
            if negative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
            guard !digits.isEmpty else { return nil }
            var value = 0
            for byte in digits {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = min(value * 10 + Int(byte - UInt8(ascii: "0")), 1_000_000)
            }
            return negative ? -value : value
        }
    }

    private struct Scanner {
        let text: UnsafeRawBufferPointer
        var place = 0

        init(text: UnsafeRawBufferPointer) { self.text = text }

        var next: UInt8? { place < text.count ? text[place] : nil }

        mutating func take(_ byte: UInt8) -> Bool {
            guard next == byte else { return false }
            place += 1
            return true
        }

        mutating func sign() -> Bool {
            if take(UInt8(ascii: "-")) { return true }
            _ = take(UInt8(ascii: "+"))
            return false
        }

        mutating func digits() -> Range<Int> {
            let start = place
            while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { place += 1 }
            return start..<place
        }

        /// Letters, a sign, digits, and then the end; nil when anything else follows.
        mutating func suffix() -> Range<Int>? {
            let start = place
            while let byte = next, Self.letters.utf8.contains(byte) { place += 1 }
            _ = sign()
            _ = digits()
            return next == nil ? start..<place : nil
        }

        private static let letters = "eEinumkKMGTP"
    }
}
