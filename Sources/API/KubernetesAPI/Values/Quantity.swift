package import JSON

/// A fixed-point amount of a resource: `500m`, `1.5`, `2Gi`, `12e6`. Exact, to the billionth.
///
/// As upstream: digits below a billionth are rounded away from zero, binary amounts end at 2^63 - 1. Decimal amounts end at 10^28.
/// Comparison is by amount; the format only says how the amount is written.
package struct Quantity: Sendable {
    package enum Format: Sendable {
        /// `12e6`
        case decimalExponent
        /// `12Mi`
        case binarySI
        /// `12M`
        case decimalSI
    }

    /// The amount in billionths.
    package private(set) var nanos: Int128
    package private(set) var format: Format

    static let nanosPerUnit: Int128 = 1_000_000_000
    /// The biggest magnitude, in billionths. The sum of two is within Int128.
    static let limit: Int128 = 10_000_000_000_000_000_000_000_000_000_000_000_000

    /// Zero.
    package init() {
        nanos = 0
        format = .decimalSI
    }

    /// An amount in billionths; beyond the limit it is capped.
    package init(nanos: Int128, format: Format) {
        self.nanos = min(max(nanos, -Self.limit), Self.limit)
        self.format = format
    }

    /// A whole amount.
    package init(_ value: Int64, format: Format = .decimalSI) {
        self.init(nanos: Int128(value) * Self.nanosPerUnit, format: format)
    }

    /// An amount in thousandths.
    package init(milli: Int64, format: Format = .decimalSI) {
        self.init(nanos: Int128(milli) * 1_000_000, format: format)
    }

    package var isZero: Bool { nanos == 0 }
    /// -1, 0 or 1
    package var sign: Int { nanos.signum() == 0 ? 0 : nanos < 0 ? -1 : 1 }

    /// The amount in whole units, rounded away from zero, capped at the limits of Int64.
    package var value: Int64 { scaled(Self.nanosPerUnit) }

    /// The amount in thousandths, rounded away from zero, capped at the limits of Int64.
    package var milliValue: Int64 { scaled(1_000_000) }

    /// The nearest double.
    package var doubleValue: Double { Double(nanos) / 1e9 }

    /// The same amount rounded away from zero to thousandths, the precision in which the API keeps the resources of containers.
    package var roundedUpToMilli: Quantity {
        Quantity(nanos: Self.dividedAwayFromZero(nanos, 1_000_000) * 1_000_000, format: format)
    }

    private func scaled(_ divisor: Int128) -> Int64 {
        Int64(clamping: Self.dividedAwayFromZero(nanos, divisor))
    }

    private static func dividedAwayFromZero(_ a: Int128, _ b: Int128) -> Int128 {
        let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
        return remainder == 0 ? quotient : quotient + a.signum()
    }
}

// MARK: Arithmetic

extension Quantity: Comparable {
    package static func == (a: Quantity, b: Quantity) -> Bool { a.nanos == b.nanos }
    package static func < (a: Quantity, b: Quantity) -> Bool { a.nanos < b.nanos }

    /// Capped at the limit. The format is that of `a`, or of `b` when `a` is zero.
    package static func + (a: Quantity, b: Quantity) -> Quantity {
        Quantity(nanos: a.nanos + b.nanos, format: a.isZero ? b.format : a.format)
    }

    /// Capped at the limit. The format is that of `a`, or of `b` when `a` is zero.
    package static func - (a: Quantity, b: Quantity) -> Quantity {
        Quantity(nanos: a.nanos - b.nanos, format: a.isZero ? b.format : a.format)
    }

    package static func += (a: inout Quantity, b: Quantity) { a = a + b }
    package static func -= (a: inout Quantity, b: Quantity) { a = a - b }

    package static prefix func - (a: Quantity) -> Quantity { Quantity(nanos: -a.nanos, format: a.format) }

    /// Capped at the limit.
    package static func * (a: Quantity, factor: Int64) -> Quantity {
        let (product, overflow) = a.nanos.multipliedReportingOverflow(by: Int128(factor))
        guard overflow else { return Quantity(nanos: product, format: a.format) }
        return Quantity(nanos: (a.nanos < 0) == (factor < 0) ? limit : -limit, format: a.format)
    }

    /// The sum, and whether it had to be capped.
    package func addingReportingOverflow(_ other: Quantity) -> (sum: Quantity, overflow: Bool) {
        (self + other, (nanos + other.nanos).magnitude > Self.limit.magnitude)
    }
}

// MARK: Text

extension Quantity: CustomStringConvertible {
    private static let decimalSuffixes: [StaticString] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]
    private static let binarySuffixes: [StaticString] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]

    /// The canonical form: no fraction, the biggest suffix that allows it.
    package var description: String {
        if nanos == 0 { return "0" }
        if format == .binarySI, let text = binaryDescription { return text }
        var mantissa = nanos
        var exponent = -9
        while mantissa % 1000 == 0 && (exponent < 18 || format == .decimalExponent) {
            mantissa /= 1000
            exponent += 3
        }
        if format == .decimalExponent { return exponent == 0 ? "\(mantissa)" : "\(mantissa)e\(exponent)" }
        return "\(mantissa)\(Self.decimalSuffixes[(exponent + 9) / 3])"
    }

    /// nil when the amount is small or has a fraction: then the decimal form says it exactly.
    private var binaryDescription: String? {
        var (mantissa, fraction) = nanos.quotientAndRemainder(dividingBy: Self.nanosPerUnit)
        guard fraction == 0, mantissa.magnitude >= 1024 else { return nil }
        var power = 0
        while mantissa % 1024 == 0 && power < 6 {
            mantissa /= 1024
            power += 1
        }
        return "\(mantissa)\(Self.binarySuffixes[power])"
    }

    /// nil when the text is no quantity.
    package init?(_ text: String) {
        guard let value = try? Quantity(parsing: text) else { return nil }
        self = value
    }

    package init(parsing text: String) throws(QuantityError) {
        var text = text
        self = try text.withUTF8 { Quantity.parse(UnsafeRawBufferPointer($0)) }.get()
    }
}

extension Quantity: JSONCodable {
    /// A string or a number.
    package init(json r: inout JSONReader) throws(JSONError) {
        let result: Result<Quantity, QuantityError>
        if try r.peekKind() == .number {
            let text = try r.rawValue()
            result = text.withUnsafeBytes { Quantity.parse($0) }
        } else {
            result = try r.readString { Quantity.parse(trimmed($0)) }
        }
        switch result {
        case .success(let value): self = value
        case .failure(let error): throw r.invalidValue(error.description)
        }
    }

    package func write(json w: inout JSONWriter) { w.value(description) }
}

private func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
    var range = text.startIndex..<text.endIndex
    while let first = range.first, isSpace(text[first]) { range = first + 1..<range.upperBound }
    while let last = range.last, isSpace(text[last]) { range = range.lowerBound..<last }
    return UnsafeRawBufferPointer(rebasing: text[range])
}
