/// Durations as Go writes and reads them: `300ms`, `1.5h`, `2h45m`.
package enum GoDuration {
    /// Nil for what is no duration, or is too long to count in nanoseconds.
    package static func parse(_ text: String) -> Duration? {
        var rest = text.utf8[...]
        var sign: Int64 = 1
        if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            if first == UInt8(ascii: "-") { sign = -1 }
            rest = rest.dropFirst()
        }
        if rest.elementsEqual("0".utf8) { return .zero }
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            let number = rest.prefix { ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: ".") }
            rest = rest[number.endIndex...]
            let unit = rest.prefix { !(($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: ".")) }
            rest = rest[unit.endIndex...]
            guard let scale = nanoseconds(String(decoding: unit, as: UTF8.self)), let part = product(number, scale) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
        }
        return .nanoseconds(sign * total)
    }

    private static func nanoseconds(_ unit: String) -> Int64? {
        switch unit {
        case "ns": 1
        case "us", "µs", "μs": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }

    private static func product(_ number: Substring.UTF8View, _ scale: Int64) -> Int64? {
        let parts = Substring(number).split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.contains(where: { !$0.isEmpty }) else { return nil }
        guard let whole = parts[0].isEmpty ? 0 : Int64(parts[0]) else { return nil }
        var (total, overflow) = whole.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        var digitScale = scale
        for digit in parts.count == 2 ? parts[1] : "" {
            digitScale /= 10
            guard let value = digit.wholeNumberValue else { return nil }
            (total, overflow) = total.addingReportingOverflow(Int64(value) * digitScale)
            guard !overflow else { return nil }
        }
        return total
    }

    /// The shortest way to write it: `1m30s`, `100ms`, `0s`.
    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if seconds == 0 && attoseconds == 0 { return "0s" }
        let milliseconds = abs(attoseconds / 1_000_000_000_000_000)
        var text = duration < .zero ? "-" : ""
        let whole = abs(seconds)
        if whole >= 3600 { text += "\(whole / 3600)h" }
        if whole >= 60 { text += "\(whole / 60 % 60)m" }
        if whole == 0 { return text + "\(milliseconds)ms" }
        guard milliseconds > 0 else { return text + "\(whole % 60)s" }
        var fraction = String(String(milliseconds + 1000).dropFirst())
        while fraction.last == "0" { fraction.removeLast() }
        return text + "\(whole % 60).\(fraction)s"
    }
}
