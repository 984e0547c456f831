import JSON
import Testing

private func parse(_ text: String) -> Result<JSONValue, JSONError> {
    do throws(JSONError) {
        return .success(try JSONValue(parsing: text))
    } catch {
        return .failure(error)
    }
}

@Suite struct JSONParsingTests {
    @Test(
        arguments: [
            ("null", JSONValue.null), (" true\n", true), ("\tfalse\r", false), ("0", 0), ("-0", 0), ("12", 12), ("-7", -7),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)), ("999999999999999999", 999_999_999_999_999_999),
            ("\"\"", ""), ("\"a\"", "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "A\u{e9}\u{20ac}"),
            (#""\ud83d\ude00!""#, "\u{1F600}!"), ("\"\u{1F600} gr\u{fc}n, longer than eight bytes\"", "\u{1F600} gr\u{fc}n, longer than eight bytes"),
            // As Go: half a surrogate pair is replaced.
            (#""\ud83d""#, "\u{FFFD}"), (#""\ude00x""#, "\u{FFFD}x"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
            (#""\ud83d\ud83d\ude00""#, "\u{FFFD}\u{1F600}"),
            ("[]", []), ("[ ]", []), ("[1,2 , 3]", [1, 2, 3]), ("{}", [:]), ("{ }", [:]), (#"{"a":{"b":[{}]}}"#, ["a": ["b": [[:]]]]),
            (#"{"a b":1,"":2}"#, ["a b": 1, "": 2]), (#"{"\u0061":1}"#, ["a": 1]), ("\"\u{7f}\"", "\u{7f}"),
        ] as [(String, JSONValue)])
    func accepts(_ text: String, _ expected: JSONValue) throws {
        let value = try JSONValue(parsing: text)
        #expect(value == expected)
        #expect(try JSONValue(parsing: value.serialized()) == value)
        #expect(try JSONValue(parsing: value.serialized(pretty: true)) == value)
    }

    @Test(arguments: [
        "1.5", "-0.25", "1e3", "1E+3", "2.5e-10", "9223372036854775808", "-9223372036854775809", "123456789012345678901234567890", "0.1", "0e0",
        "1e400",
    ])
    func keepsTheTextOfNumbers(_ text: String) throws {
        guard case .number(let number) = try JSONValue(parsing: text) else {
            Issue.record("\(text) is not a .number")
            return
        }
        #expect(number.text == text)
        #expect(String(decoding: JSONValue.number(number).serialized(), as: UTF8.self) == text)
    }

    @Test(
        arguments: [
            ("", JSONError.Kind.unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("nul", .unexpectedEnd, 3), ("nulL", .syntax, 3),
            ("tru", .unexpectedEnd, 3),
            ("True", .syntax, 0), ("01", .syntax, 1), ("-", .unexpectedEnd, 1), ("-a", .syntax, 1), ("+1", .syntax, 0), ("1.", .unexpectedEnd, 2),
            (".5", .syntax, 0), ("1.e1", .syntax, 2), ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3), ("0x1", .syntax, 1), ("1 2", .syntax, 2),
            ("NaN", .syntax, 0), ("Infinity", .syntax, 0), ("'a'", .syntax, 0), ("\"a", .unexpectedEnd, 2), ("\"a\\\"", .unexpectedEnd, 4),
            ("\"\\x\"", .syntax, 1), ("\"\\u12\"", .syntax, 1), ("\"\\u12G4\"", .syntax, 1), ("\"\\", .unexpectedEnd, 2), ("\"\t\"", .syntax, 1),
            ("\"a\nb\"", .syntax, 2), ("\"abcdefgh\u{1}\"", .syntax, 9), ("[1,]", .syntax, 3), ("[,1]", .syntax, 1), ("[1 2]", .syntax, 3),
            ("[1", .unexpectedEnd, 2), ("[", .unexpectedEnd, 1), ("]", .syntax, 0), ("[1}", .syntax, 2), ("{", .unexpectedEnd, 1),
            ("{1:2}", .syntax, 1),
            ("{\"a\"}", .syntax, 4), ("{\"a\":}", .syntax, 5), ("{\"a\":1,}", .syntax, 7), ("{\"a\":1 \"b\":2}", .syntax, 7), ("{,}", .syntax, 1),
            ("{\"a\":1]", .syntax, 6), ("{}{}", .syntax, 2), ("// comment\n1", .syntax, 0), ("[1]/**/", .syntax, 3), ("\u{FEFF}1", .syntax, 0),
            ("\u{0B}1", .syntax, 0), ("[\"a\",\n4\n,1,", .unexpectedEnd, 11), ("*", .syntax, 0), ("{a:1}", .syntax, 1), ("\"\0\"", .syntax, 1),
            ("\0", .syntax, 0),
        ] as [(String, JSONError.Kind, Int)])
    func refuses(_ text: String, _ kind: JSONError.Kind, _ offset: Int) {
        switch parse(text) {
        case .success(let value):
            Issue.record("\(text) was read as \(value)")
        case .failure(let error):
            #expect(error.kind == kind, "\(text): \(error)")
            #expect(error.offset == offset, "\(text): \(error)")
        }
        // Passing over a value is as strict as reading it.
        #expect(throws: JSONError.self) { try Skipped(jsonBytes: Array(text.utf8)) }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE],
            [0xFF],
        ] as [[UInt8]])
    func refusesInvalidUTF8(_ bytes: [UInt8]) {
        for padding in ["", "x", "longer than a word "] {
            let document = Array("[\"\(padding)".utf8) + bytes + Array("\"]".utf8)
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: document) }
            #expect(error?.kind == .invalidUTF8)
            #expect(throws: JSONError.self) { try Skipped(jsonBytes: document) }
            let key = Array("{\"".utf8) + bytes + Array("\":1}".utf8)
            #expect(throws: JSONError.self) { try JSONValue(parsing: key) }
        }
    }

    @Test func limitsDepth() throws {
        let options = JSONReader.Options(maximumDepth: 10)
        let fits = String(repeating: "[", count: 10) + String(repeating: "]", count: 10)
        #expect(throws: Never.self) { try JSONValue(parsing: fits, options: options) }
        for opening in ["[", "{\"a\":"] {
            let deep = String(repeating: opening, count: 100_000)
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: deep) }
            #expect(error?.kind == .tooDeep)
            #expect(throws: JSONError.self) { try Skipped(jsonBytes: Array(deep.utf8)) }
        }
        // Depth counts what is open, not what was opened.
        let wide = "[" + String(repeating: "[[]],", count: 1000) + "1]"
        #expect(throws: Never.self) { try JSONValue(parsing: wide, options: options) }
    }

    @Test func errorsCarryThePath() {
        let cases: [(String, String)] = [
            (#"{"spec":{"containers":[{"name":"a"},{"image":tru}]}}"#, "spec.containers[1].image"), ("[0, [1, x]]", "[1][1]"), ("x", ""),
            (#"{"a":{"b":1}, "c" 1}"#, "c"), (#"{"a.b":{"x\"y":?}}"#, "a.b.x\"y"), (#"{"a":[1,2],"b":[{"c":1},{"d":[5,"\q"]}]}"#, "b[1].d[1]"),
        ]
        for (text, path) in cases {
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
            #expect(error?.path == path)
        }
    }

    @Test func reportsDuplicateFields() throws {
        var issues: [JSONIssue] = []
        let text = #"{"spec":{"replicas":1,"replicas":2,"t":[{"a":1},{"a":1,"b":2,"\u0061":3,"a":4}]},"spec":{"replicas":5}}"#
        let value = try JSONValue(parsing: Array(text.utf8), options: .init(reportDuplicateFields: true), issues: &issues)
        #expect(value == ["spec": ["replicas": 5]])
        #expect(issues.map(\.description) == [#"duplicate field "spec.replicas""#, #"duplicate field "spec.t[1].a""#, #"duplicate field "spec""#])
        issues = []
        _ = try JSONValue(parsing: Array(text.utf8), options: .init(), issues: &issues)
        #expect(issues.isEmpty)
    }

    @Test func duplicatesInBigObjects() throws {
        let members = (0..<100).map { "\"key\($0)\":\($0)" } + ["\"key7\":-7"]
        var issues: [JSONIssue] = []
        let document = Array("{\(members.joined(separator: ","))}".utf8)
        let value = try JSONValue(parsing: document, options: .init(reportDuplicateFields: true), issues: &issues)
        #expect(value.objectValue?.count == 100)
        #expect(value["key7"] == -7)
        #expect(value["key99"] == 99)
        #expect(issues == [JSONIssue(.duplicateField, path: "key7")])
    }
}

/// Reads any value by passing over it.
private struct Skipped: JSONCodable {
    init(json r: inout JSONReader) throws(JSONError) { try r.skipValue() }
    func write(json w: inout JSONWriter) { w.null() }
}
