import JSON

/// How a machine's cable is: as it should, slow, cut.
package struct LinkState: Equatable, Sendable {
    package var isCut = false
    package var slowness = Slowness()

    package init() {}

    var json: JSONValue { ["cut": .bool(isCut), "slow": slowness.json] }

    init(_ json: JSONValue) {
        isCut = json["cut"]?.boolValue ?? false
        slowness = json["slow"].map(Slowness.init) ?? Slowness()
    }

    /// In a few words; empty for a cable as it should be.
    package var description: String {
        [isCut ? "cut off" : "", slowness.description].filter { !$0.isEmpty }.joined(separator: ", ")
    }
}

/// What a cable does to frames, in each direction.
package struct Slowness: Equatable, Sendable {
    /// Microseconds that a frame is under way.
    var latency: Int64 = 0
    /// Frames lost of a million.
    var loss: Int64 = 0
    /// Bits a second; 0 for as many as there are.
    var rate: Int64 = 0

    /// Microseconds.
    private static let latencyMax: Int64 = 10_000_000

    package init() {}

    package var isNone: Bool { self == Slowness() }

    /// - Parameters:
    ///   - latency: such as `20ms`, `1s`, `500us`.
    ///   - loss: such as `5%`.
    ///   - rate: such as `1mbit`, `500kbit`.
    /// - Throws: ``LabError`` naming the option that can't be understood.
    package init(latency: String?, loss: String?, rate: String?) throws(LabError) {
        if let latency {
            guard let value = Self.number(latency, units: [("us", 1), ("ms", 1000), ("s", 1_000_000)]), value <= Self.latencyMax else {
                throw LabError("--latency \(latency) is not a time of at most ten seconds: write 20ms, 1s or 500us")
            }
            self.latency = value
        }
        if let loss {
            guard let value = Self.number(loss, units: [("%", 10_000)]), value <= 1_000_000 else {
                throw LabError("--loss \(loss) is not a share: write 5% or 0.5%")
            }
            self.loss = value
        }
        if let rate {
            let units: [(String, Int64)] = [("kbit", 1000), ("mbit", 1_000_000), ("gbit", 1_000_000_000), ("bit", 1)]
            guard let value = Self.number(rate, units: units), value >= 1000 else {
                throw LabError("--rate \(rate) is not a rate of at least 1kbit: write 1mbit or 500kbit, bits a second")
            }
            self.rate = value
        }
    }

    /// A decimal number and its unit; nil for anything else.
    private static func number(_ text: String, units: [(String, Int64)]) -> Int64? {
        let text = text.lowercased()
        guard let unit = units.first(where: { text.hasSuffix($0.0) }), let value = Double(text.dropLast(unit.0.count)), value >= 0, value < 1e9
        else { return nil }
        return Int64((value * Double(unit.1)).rounded())
    }

    var json: JSONValue { ["latencyMicroseconds": .integer(latency), "lossPerMillion": .integer(loss), "bitsPerSecond": .integer(rate)] }

    init(_ json: JSONValue) {
        let fields = ["latencyMicroseconds", "lossPerMillion", "bitsPerSecond"]
        self = Slowness(arguments: fields.map { "\(json[$0]?.integerValue ?? 0)" }) ?? Slowness()
    }

    /// As the carrier of frames is given it.
    var arguments: [String] { ["\(latency)", "\(loss)", "\(rate)"] }

    init?(arguments: [String]) {
        let numbers = arguments.compactMap(Int64.init)
        guard numbers.count == 3, numbers.allSatisfy({ $0 >= 0 }), numbers[0] <= Self.latencyMax else { return nil }
        (latency, loss, rate) = (numbers[0], numbers[1], numbers[2])
    }

    package var description: String {
        var parts: [String] = []
        if latency > 0 { parts.append("latency \(Self.decimal(latency, 1000)) ms") }
        if loss > 0 { parts.append("loss \(Self.decimal(loss, 10_000)) %") }
        if rate > 0 { parts.append("rate \(Self.decimal(rate, 1000)) kbit/s") }
        return parts.joined(separator: ", ")
    }

    private static func decimal(_ value: Int64, _ unit: Int64) -> String {
        value % unit == 0 ? "\(value / unit)" : "\(Double(value) / Double(unit))"
    }
}
