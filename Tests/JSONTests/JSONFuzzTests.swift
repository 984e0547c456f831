import JSON
import Testing

/// SplitMix64: the same seed gives the same run.
private struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

private func randomValue(_ random: inout Random, depth: Int) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
    case 0: return .null
    case 1: return .bool(.random(using: &random))
    case 2: return .integer(Int64(bitPattern: random.next() >> UInt64.random(in: 0..<64, using: &random)))
    case 3: return JSONValue(Double(bitPattern: random.next()))
    case 4, 5: return .string(randomString(&random))
    case 6: return .array((0..<Int.random(in: 0..<6, using: &random)).map { _ in randomValue(&random, depth: depth - 1) })
    default:
        var object = JSONObject()
        for _ in 0..<Int.random(in: 0..<6, using: &random) { object[randomString(&random)] = randomValue(&random, depth: depth - 1) }
        return .object(object)
    }
}

private func randomString(_ random: inout Random) -> String {
    let letters: [Unicode.Scalar] = [
        "a", "b", "Z", "0", " ", "\"", "\\", "/", "\n", "\u{1}", "\u{7f}", "é", "\u{301}", "\u{2028}", "€", "\u{1F600}", "\u{FFFF}",
    ]
    var string = ""
    for _ in 0..<Int.random(in: 0..<24, using: &random) {
        string.unicodeScalars.append(letters[Int.random(in: 0..<(Bool.random(using: &random) ? 4 : letters.count), using: &random)])
    }
    return string
}

private struct Skipped: JSONCodable {
    var raw: [UInt8]
    init(json r: inout JSONReader) throws(JSONError) { raw = try r.rawValue() }
    func write(json w: inout JSONWriter) { w.rawValue(raw) }
}

@Suite struct JSONFuzzTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func writtenTreesReadBackTheSame(_ seed: UInt64) throws {
        var random = Random(state: seed)
        for _ in 0..<500 {
            let value = randomValue(&random, depth: 5)
            let bytes = value.serialized()
            let back = try JSONValue(parsing: bytes)
            #expect(back == value, "seed \(seed)")
            #expect(back.serialized() == bytes, "seed \(seed)")
            #expect(try JSONValue(parsing: value.serialized(pretty: true)) == value, "seed \(seed)")
            #expect(try Skipped(jsonBytes: bytes).jsonBytes() == bytes, "seed \(seed)")
        }
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func damagedDocumentsNeverCrash(_ seed: UInt64) throws {
        var random = Random(state: seed)
        let options = JSONReader.Options(reportDuplicateFields: true)
        var accepted = 0
        for _ in 0..<3000 {
            var bytes = randomValue(&random, depth: 4).serialized()
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(Array("{}[],:\"\\u0e1-.tfn ".utf8).randomElement(using: &random) ?? 0, at: place)
                case 3: bytes.removeSubrange(place...)
                default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 9)], at: place)
                }
            }
            // An exact heap copy, so that reading past the end is seen by the address sanitizer.
            var issues: [JSONIssue] = []
            let value = try? JSONValue(parsing: bytes, options: options, issues: &issues)
            let skipped = try? Skipped(jsonBytes: bytes)
            #expect((value == nil) == (skipped == nil), "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
            guard let value else { continue }
            accepted += 1
            #expect(try JSONValue(parsing: value.serialized()) == value, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(accepted > 0)
    }
}
