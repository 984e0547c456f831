/// A number that is not an Int64: it has a fraction or an exponent, or is too big. It keeps the text it came with.
package struct JSONNumber: Sendable, CustomStringConvertible {
    /// A valid JSON number.
    package let text: String

    /// Takes text that the reader has found to be a JSON number.
    init(checked text: String) { self.text = text }

    /// nil when the text is not a JSON number.
    package init?(_ text: String) {
        guard let value = try? JSONValue(parsing: text) else { return nil }
        switch value {
        case .number(let number): self = number
        case .integer: self.text = text
        default: return nil
        }
    }

    /// The shortest text that reads back as the same double, in Go's format; nil for infinities and NaN.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        var writer = JSONWriter(capacity: 32)
        writer.value(value)
        let text = String(decoding: writer.finish(), as: UTF8.self)
        // A number is told from an integer by its fraction or exponent.
        self.text = text.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e") } ? text : text + ".0"
    }

    /// The nearest double; infinite when the number is too big for a double.
    package var doubleValue: Double { Double(text) ?? .nan }

    package var description: String { text }
}

extension JSONNumber: Equatable {
    /// Exact equality of value: `1.5` and `15e-1` are equal.
    package static func == (a: JSONNumber, b: JSONNumber) -> Bool {
        if sameBytes(a.text, b.text) { return true }
        guard let x = Decimal(a.text), let y = Decimal(b.text) else { return false }
        return x == y
    }

    /// A number taken apart: sign, digits without zeros at either end, and the power of ten of the last digit.
    private struct Decimal: Equatable {
        var negative = false
        var digits: [UInt8] = []
        var exponent = 0

        /// nil when the exponent is beyond reason.
        init?(_ text: String) {
            var fraction = 0
            var inFraction = false
            var inExponent = false
            var written = 0
            var writtenNegative = false
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "-"):
                    if inExponent { writtenNegative = true } else { negative = true }
                case UInt8(ascii: "."):
                    inFraction = true
                case UInt8(ascii: "e"), UInt8(ascii: "E"):
                    inExponent = true
                case UInt8(ascii: "0")...UInt8(ascii: "9"):
                    let digit = byte - UInt8(ascii: "0")
                    if inExponent {
                        guard written < 1_000_000_000 else { return nil }
                        written = written * 10 + Int(digit)
                    } else {
                        if inFraction { fraction += 1 }
                        if digit != 0 || !digits.isEmpty { digits.append(digit) }
                    }
                default:
                    break
                }
            }
            exponent = (writtenNegative ? -written : written) - fraction
            while digits.last == 0 {
                digits.removeLast()
                exponent += 1
            }
            if digits.isEmpty {
                negative = false
                exponent = 0
            }
        }
    }
}
