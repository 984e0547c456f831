/// Text forms that upstream's messages use.
enum Texts {
    /// A duration as Go prints it: `10s`, `1m20s`, `1.234s`, `350ms`.
    static func duration(_ duration: Duration) -> String {
        let nanoseconds = duration.wholeNanoseconds
        if nanoseconds == 0 { return "0s" }
        if nanoseconds < 0 { return "-" + Texts.duration(.nanoseconds(nanoseconds == .min ? .max : -nanoseconds)) }
        if nanoseconds < 1_000 { return "\(nanoseconds)ns" }
        if nanoseconds < 1_000_000 { return decimal(nanoseconds, unit: 1_000) + "µs" }
        if nanoseconds < 1_000_000_000 { return decimal(nanoseconds, unit: 1_000_000) + "ms" }
        let minutes = nanoseconds / 60_000_000_000
        let seconds = decimal(nanoseconds % 60_000_000_000, unit: 1_000_000_000) + "s"
        if minutes == 0 { return seconds }
        if minutes < 60 { return "\(minutes)m" + seconds }
        return "\(minutes / 60)h\(minutes % 60)m" + seconds
    }

    private static func decimal(_ value: Int64, unit: Int64) -> String {
        let whole = value / unit
        var fraction = String(value % unit)
        fraction = String(repeating: "0", count: max(0, String(unit).count - 1 - fraction.count)) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return fraction.isEmpty ? "\(whole)" : "\(whole).\(fraction)"
    }

    /// A list as upstream prints it: `[a b]`.
    static func list(_ names: [String]) -> String {
        "[" + names.joined(separator: " ") + "]"
    }

    /// A string in double quotes with backslash escapes, as Go's `%q`.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            default: result.unicodeScalars.append(character)
            }
        }
        return result + "\""
    }
}
