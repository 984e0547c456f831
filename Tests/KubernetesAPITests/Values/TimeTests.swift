import JSON
import KubernetesAPI
import Testing

@Suite struct TimeTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"), ("1969-12-31T23:59:59Z", -1, "1969-12-31T23:59:59Z"),
            ("2000-02-29T12:34:56Z", 951_827_696, "2000-02-29T12:34:56Z"), ("2026-01-02T03:04:05+02:00", 1_767_315_845, "2026-01-02T01:04:05Z"),
            ("2026-01-02T03:04:05-00:30", 1_767_324_845, "2026-01-02T03:34:05Z"),
            ("2026-01-02T03:04:05.999999999Z", 1_767_323_045, "2026-01-02T03:04:05Z"),
            ("0001-01-01T00:00:00Z", -62_135_596_800, "0001-01-01T00:00:00Z"), ("9999-12-31T23:59:59Z", 253_402_300_799, "9999-12-31T23:59:59Z"),
            ("0000-03-01T00:00:00Z", -62_162_035_200, "0000-03-01T00:00:00Z"),
        ] as [(String, Int64, String)])
    func times(_ text: String, _ seconds: Int64, _ canonical: String) throws {
        let time = Time(text)
        #expect(time?.seconds == seconds)
        #expect(time?.description == canonical)
        #expect(try Time(jsonBytes: Array("\"\(text)\"".utf8)).jsonBytes() == Array("\"\(canonical)\"".utf8))
    }

    @Test(
        arguments: [
            ("2026-01-02T03:04:05.000006Z", 1_767_323_045_000_006, "2026-01-02T03:04:05.000006Z"),
            ("2026-01-02T03:04:05Z", 1_767_323_045_000_000, "2026-01-02T03:04:05.000000Z"),
            ("2026-01-02T03:04:05.1+01:00", 1_767_319_445_100_000, "2026-01-02T02:04:05.100000Z"),
            ("1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z"),
        ] as [(String, Int64, String)])
    func microTimes(_ text: String, _ microseconds: Int64, _ canonical: String) throws {
        let time = MicroTime(text)
        #expect(time?.microseconds == microseconds)
        #expect(time?.description == canonical)
        #expect(try MicroTime(jsonBytes: Array("\"\(text)\"".utf8)).jsonBytes() == Array("\"\(canonical)\"".utf8))
    }

    @Test(arguments: [
        "", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z", "2026-13-02T03:04:05Z", "2026-00-02T03:04:05Z", "2026-02-29T03:04:05Z",
        "2026-01-32T03:04:05Z", "2026-01-00T03:04:05Z", "2026-01-02T24:04:05Z", "2026-01-02T03:60:05Z", "2026-01-02T03:04:60Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05+0200", "2026-01-02T03:04:05+02:60", "2026-01-02T03:04:05Zx", "2026-1-2T03:04:05Z", "+026-01-02T03:04:05Z",
        "2026-01-02T03:04:05+",
        "2026-01-02T03:04:05+02:0", "1900-02-29T00:00:00Z",
    ])
    func refuses(_ text: String) {
        #expect(Time(text) == nil)
        #expect(MicroTime(text) == nil)
        let error = #expect(throws: JSONError.self) { try Time(jsonBytes: Array("\"\(text)\"".utf8)) }
        #expect(error?.kind == .invalidValue)
    }

    @Test func daysOfFiveCenturiesRoundTrip() {
        for day in stride(from: Int64(-100_000), to: 100_000, by: 13) {
            let time = Time(seconds: day * 86_400 + 45_296)
            #expect(Time(time.description) == time)
        }
    }
}

@Suite struct IntOrStringTests {
    @Test(
        arguments: [
            (IntOrString.int(7), 10, true, 7), ("25%", 10, true, 3), ("25%", 10, false, 2), ("100%", 7, false, 7), ("0%", 7, true, 0),
            ("150%", 2, true, 3),
            ("33%", 100, true, 33), ("-25%", 10, true, -2), ("-25%", 10, false, -3), ("1%", .max, true, 92_233_720_368_547_759),
        ] as [(IntOrString, Int64, Bool, Int64)])
    func scales(_ value: IntOrString, _ total: Int64, _ up: Bool, _ expected: Int64) throws {
        #expect(try value.scaledValue(total: total, roundUp: up) == expected)
    }

    @Test func refusesToScale() {
        #expect(throws: IntOrStringError.notAPercentage) { try IntOrString.string("10").scaledValue(total: 10, roundUp: true) }
        #expect(throws: IntOrStringError.notANumber("x%")) { try IntOrString.string("x%").scaledValue(total: 10, roundUp: true) }
    }

    @Test func json() throws {
        for text in ["80", "\"http\"", "\"80\"", "-1"] {
            #expect(try IntOrString(jsonBytes: Array(text.utf8)).jsonBytes() == Array(text.utf8))
        }
        #expect(throws: JSONError.self) { try IntOrString(jsonBytes: Array("2147483648".utf8)) }
        #expect(throws: JSONError.self) { try IntOrString(jsonBytes: Array("1.5".utf8)) }
        #expect(IntOrString(parsing: "80") == 80)
        #expect(IntOrString(parsing: "http") == "http")
        #expect(IntOrString.string("80").intValue == 80)
        #expect(IntOrString.string("http").intValue == 0)
    }

    @Test func rawJSON() throws {
        let raw = try RawJSON(Array(" {\"a\": [1, 2]} ".utf8))
        #expect(raw.jsonBytes() == Array("{\"a\": [1, 2]}".utf8))
        #expect(raw.tree == ["a": [1, 2]])
        #expect(RawJSON().tree == .null)
        #expect(throws: JSONError.self) { try RawJSON(Array("{".utf8)) }
    }
}
