/// Writes measured numbers as people read them: three digits that count, and a unit.
enum Figures {
    static func perSecond(_ value: Double, _ what: String = "") -> String { "\(number(value)) \(what)/s" }

    static func megabytesPerSecond(_ value: Double) -> String { "\(number(value)) MB/s" }

    static func megabytes(_ bytes: Int) -> String { "\(number(Double(bytes) / 1e6)) MB" }

    static func kilobytes(_ bytes: Int) -> String { "\(fixed(Double(bytes) / 1e3, 1)) KB" }

    static func seconds(_ value: Double) -> String { "\(number(value)) s" }

    static func milliseconds(_ value: Double?) -> String {
        guard let value else { return "?" }
        return value < 10_000 ? "\(number(value)) ms" : "\(number(value / 1e3)) s"
    }

    static func percentiles(_ latencies: Latencies, _ parts: Int...) -> String {
        parts.map { "p\($0) \(milliseconds(latencies.milliseconds(at: Double($0) / 100)))" }.joined(separator: ", ")
    }

    /// 12345.6 is "12,300", 2.449 is "2.45".
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "?" }
        var unit = 1.0
        while abs(value) / unit >= 1000 { unit *= 10 }
        let whole = abs(value) >= 99.95
        let decimals = whole ? 0 : abs(value) >= 9.995 ? 1 : 2
        if whole { return grouped(Int(((value / unit).rounded() * unit).rounded())) }
        return fixed(value, decimals)
    }

    /// 0.38412 is "0.38".
    static func ratio(_ value: Double) -> String { value.isFinite ? fixed(value, 2) : "?" }

    private static func fixed(_ value: Double, _ decimals: Int) -> String {
        let scale = decimals == 1 ? 10 : 100
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let rest = "\(scaled % scale)"
        return (value < 0 ? "-" : "") + "\(scaled / scale)." + String(repeating: "0", count: decimals - rest.count) + rest
    }

    static func grouped(_ value: Int) -> String {
        let digits = "\(value.magnitude)"
        var text = ""
        for (i, digit) in digits.enumerated() {
            if i > 0, (digits.count - i) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + text
    }
}
