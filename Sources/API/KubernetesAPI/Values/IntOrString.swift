package import JSON

/// A number, or a name or percentage.
package enum IntOrString: Sendable, Hashable {
    case int(Int32)
    case string(String)

    package init() { self = .int(0) }

    /// A number when the text is one that fits, the text otherwise.
    package init(parsing text: String) {
        self = Int32(text).map { .int($0) } ?? .string(text)
    }

    /// The number; of a text the number that it is written as, or 0.
    package var intValue: Int64 {
        switch self {
        case .int(let value): Int64(value)
        case .string(let text): Int64(text) ?? 0
        }
    }

    /// A number as it is, or a percentage of `total`, rounded up or down.
    package func scaledValue(total: Int64, roundUp: Bool) throws(IntOrStringError) -> Int64 {
        switch self {
        case .int(let value):
            return Int64(value)
        case .string(let text):
            guard text.utf8.last == UInt8(ascii: "%") else { throw .notAPercentage }
            guard let percent = Int64(text.dropLast()) else { throw .notANumber(text) }
            // In the width of a product, so that nothing overflows.
            let product = Int128(percent) * Int128(total)
            let (quotient, remainder) = product.quotientAndRemainder(dividingBy: 100)
            let rounded = remainder == 0 ? quotient : roundUp ? quotient + (remainder > 0 ? 1 : 0) : quotient - (remainder < 0 ? 1 : 0)
            return Int64(clamping: rounded)
        }
    }
}

/// Why there is no scaled value.
package enum IntOrStringError: Error, Sendable, Equatable, CustomStringConvertible {
    case notAPercentage
    case notANumber(String)

    package var description: String {
        switch self {
        case .notAPercentage: "invalid value for IntOrString: invalid type: string is not a percentage"
        case .notANumber(let text): "invalid value for IntOrString: invalid value \"\(text)\": not a number"
        }
    }
}

extension IntOrString: CustomStringConvertible {
    package var description: String {
        switch self {
        case .int(let value): "\(value)"
        case .string(let text): text
        }
    }
}

extension IntOrString: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    package init(integerLiteral value: Int32) { self = .int(value) }
    package init(stringLiteral value: String) { self = .string(value) }
}

extension IntOrString: JSONCodable {
    package init(json r: inout JSONReader) throws(JSONError) {
        self = try r.peekKind() == .string ? .string(r.readString()) : .int(r.readInt32())
    }

    package func write(json w: inout JSONWriter) {
        switch self {
        case .int(let value): w.value(value)
        case .string(let text): w.value(text)
        }
    }
}
