import JSON
import Testing

/// A hand-written coder of the same shape as the generated ones.
private struct Port: JSONCodable {
    var name: String?
    var port: Int32 = 0

    private static let keys = JSONKeys("name\0port")

    init() {}
    init(json r: inout JSONReader) throws(JSONError) {
        try r.beginObject()
        while true {
            switch try r.nextField(Self.keys) {
            case 0: try r.read(&name)
            case 1: try r.read(&port)
            case -1: return
            default: try r.skipUnknown()
            }
        }
    }
    func write(json w: inout JSONWriter) {
        w.beginObject()
        w.field("name", name)
        w.requiredField("port", port)
        w.endObject()
    }
}

private struct Thing: JSONCodable {
    var name = ""
    var flag: Bool?
    var small: Int32?
    var big: Int64 = 0
    var ratio: Double?
    var data: [UInt8] = []
    var words: [String] = []
    var labels: [String: String] = [:]
    var ports: [Port] = []
    var byName: [String: Port] = [:]
    var secrets: [String: [UInt8]] = [:]
    var extra: [String: [String]] = [:]
    var codes: [Int32] = []
    var any: JSONValue?
    var nested: Port?
    var aVeryLongNameOfAFieldIndeed: String?
    var aVeryLongNameOfBFieldIndeed: String?
    var unknown = JSONUnknownFields()

    private static let keys = JSONKeys(
        "name\0flag\0small\0big\0ratio\0data\0words\0labels\0ports\0byName\0secrets\0extra\0codes\0any\0nested\0aVeryLongNameOfAFieldIndeed\0aVeryLongNameOfBFieldIndeed"
    )

    init() {}
    init(json r: inout JSONReader) throws(JSONError) {
        try r.beginObject()
        while true {
            switch try r.nextField(Self.keys) {
            case 0: try r.read(&name)
            case 1: try r.read(&flag)
            case 2: try r.read(&small)
            case 3: try r.read(&big)
            case 4: try r.read(&ratio)
            case 5: try r.read(&data)
            case 6: try r.read(&words)
            case 7: try r.read(&labels)
            case 8: try r.read(&ports)
            case 9: try r.read(&byName)
            case 10: try r.read(&secrets)
            case 11: try r.read(&extra)
            case 12: try r.read(&codes)
            case 13: try r.read(&any)
            case 14: try r.read(&nested)
            case 15: try r.read(&aVeryLongNameOfAFieldIndeed)
            case 16: try r.read(&aVeryLongNameOfBFieldIndeed)
            case -1: return
            default: try r.keepUnknown(&unknown)
            }
        }
    }
    func write(json w: inout JSONWriter) {
        w.beginObject()
        w.requiredField("name", name)
        w.field("flag", flag)
        w.field("small", small)
        w.requiredField("big", big)
        w.field("ratio", ratio)
        w.field("data", data)
        w.field("words", words)
        w.field("labels", labels)
        w.field("ports", ports)
        w.field("byName", byName)
        w.field("secrets", secrets)
        w.field("extra", extra)
        w.field("codes", codes)
        w.field("any", any)
        w.field("nested", nested)
        w.field("aVeryLongNameOfAFieldIndeed", aVeryLongNameOfAFieldIndeed)
        w.field("aVeryLongNameOfBFieldIndeed", aVeryLongNameOfBFieldIndeed)
        w.unknown(unknown)
        w.endObject()
    }
}

private let whole = #"""
    {"name":"n","flag":false,"small":-5,"big":9007199254740993,"ratio":0.25,"data":"AAEC/w==","words":["a","","ü"],"labels":{"a":"1","b":"2"},"ports":[{"name":"web","port":80},{"port":0}],"byName":{"x":{"port":1}},"secrets":{"k":"c2VjcmV0"},"extra":{"scopes":["a","b"]},"codes":[1,-2],"any":{"deep":[null,1.50]},"nested":{"port":7},"aVeryLongNameOfAFieldIndeed":"A","aVeryLongNameOfBFieldIndeed":"B","future":{"keep":[1,2.0,"x"]},"more":null}
    """#

@Suite struct JSONCodingTests {
    @Test(arguments: [
        ("{}", #"{"a":1,"z":2}"#), (#"{"b":{}}"#, #"{"a":1,"x":{"b":{}},"z":2}"#), ("[]", #"{"a":1,"x":[],"z":2}"#), ("10", #"{"a":1,"x":10,"z":2}"#),
    ])
    func structsThatWriteNothingAreLeftOut(_ value: String, _ expected: String) throws {
        var w = JSONWriter()
        w.beginObject()
        w.requiredField("a", 1 as Int64)
        w.fieldUnlessEmpty("x", try JSONValue(parsing: value))
        w.requiredField("z", 2 as Int64)
        w.endObject()
        #expect(String(decoding: w.finish(), as: UTF8.self) == expected)
    }

    @Test func roundTrip() throws {
        let thing = try Thing(jsonBytes: Array(whole.utf8))
        #expect(thing.small == -5)
        #expect(thing.data == [0, 1, 2, 255])
        #expect(thing.ports.map(\.port) == [80, 0])
        #expect(thing.byName["x"]?.port == 1)
        #expect(thing.secrets["k"] == Array("secret".utf8))
        #expect(thing.extra == ["scopes": ["a", "b"]])
        #expect(thing.aVeryLongNameOfAFieldIndeed == "A")
        #expect(thing.aVeryLongNameOfBFieldIndeed == "B")
        #expect(thing.unknown.object() == ["future": ["keep": [1, 2.0, "x"]], "more": nil])
        #expect(String(decoding: thing.jsonBytes(), as: UTF8.self) == whole)
        #expect(try Thing(tree: thing.tree()).jsonBytes() == thing.jsonBytes())
    }

    @Test func whiteSpaceAndOrderDoNotMatter() throws {
        let value = try JSONValue(parsing: whole)
        let reversed = JSONObject(uniqueEntries: (value.objectValue ?? [:]).reversed())
        let thing = try Thing(jsonBytes: JSONValue.object(reversed).serialized(pretty: true))
        #expect(thing.tree() == value)
    }

    @Test func nullLeavesTheDefault() throws {
        let thing = try Thing(
            jsonBytes: Array(#"{"name":null,"flag":null,"ports":null,"labels":null,"nested":null,"big":null,"data":null,"any":null}"#.utf8))
        #expect(String(decoding: thing.jsonBytes(), as: UTF8.self) == #"{"name":"","big":0}"#)
    }

    @Test(
        arguments: [
            (#"{"name":1}"#, JSONError.Kind.typeMismatch, "name", "expected a string, found a number"),
            (#"{"flag":"true"}"#, .typeMismatch, "flag", "expected a boolean, found a string"),
            (#"{"small":2147483648}"#, .outOfRange, "small", "number 2147483648 is not an integer of 32 bits"),
            (#"{"small":-2147483649}"#, .outOfRange, "small", "number -2147483649 is not an integer of 32 bits"),
            (#"{"big":9223372036854775808}"#, .outOfRange, "big", "number 9223372036854775808 is not an integer of 64 bits"),
            (#"{"big":1.0}"#, .typeMismatch, "big", "number 1.0 is not an integer of 64 bits"),
            (#"{"big":"1"}"#, .typeMismatch, "big", "expected an integer, found a string"),
            (#"{"ratio":1e400}"#, .typeMismatch, "ratio", "number 1e400 is not a number of 64 bits"),
            (#"{"words":{}}"#, .typeMismatch, "words", "expected an array, found an object"),
            (#"{"words":["a",2]}"#, .typeMismatch, "words[1]", "expected a string, found a number"),
            (#"{"labels":{"a":{}}}"#, .typeMismatch, "labels.a", "expected a string, found an object"),
            (#"{"ports":[{"port":1},{"port":true}]}"#, .typeMismatch, "ports[1].port", "expected an integer, found a boolean"),
            (#"{"ports":[null]}"#, .typeMismatch, "ports[0]", "expected an object, found null"),
            (#"{"data":"A"}"#, .invalidValue, "data", "illegal base64 data"),
            (#"[]"#, .typeMismatch, "", "expected an object, found an array"),
            (#"{"name":x}"#, .syntax, "name", "unexpected 'x', expected a value"),
            (#"{"future":{"a":[01]}}"#, .syntax, "future.a[0]", "unexpected '1', expected ',' or ']'"),
        ] as [(String, JSONError.Kind, String, String)])
    func errors(_ text: String, _ kind: JSONError.Kind, _ path: String, _ message: String) {
        let error = #expect(throws: JSONError.self) { try Thing(jsonBytes: Array(text.utf8)) }
        #expect(error?.kind == kind)
        #expect(error?.path == path)
        #expect(error?.message == message)
    }

    @Test func reportsUnknownAndDuplicateFields() throws {
        var issues: [JSONIssue] = []
        let text = #"{"name":"a","unknown":1,"ports":[{"port":1,"prot":"TCP"}],"nested":{"port":1,"port":2},"name":"b"}"#
        let options = JSONReader.Options(reportDuplicateFields: true, reportUnknownFields: true)
        let thing = try Thing(jsonBytes: Array(text.utf8), options: options, issues: &issues)
        #expect(thing.name == "b")
        #expect(
            Set(issues.map(\.description)) == [
                #"unknown field "unknown""#, #"unknown field "ports[0].prot""#, #"duplicate field "nested.port""#, #"duplicate field "name""#,
            ])
    }

    @Test func keyTables() {
        let names = [
            "a", "b", "ab", "ba", "abcdefg", "abcdefgh", "abcdefghi", "xbcdefghi", "abcdefghijklmnopqrstuvwxyz", "abcdefghijklXnopqrstuvwxyz", "é",
        ]
        let keys = JSONKeys("a\0b\0ab\0ba\0abcdefg\0abcdefgh\0abcdefghi\0xbcdefghi\0abcdefghijklmnopqrstuvwxyz\0abcdefghijklXnopqrstuvwxyz\0é")
        #expect(keys.count == names.count)
        for (i, name) in names.enumerated() {
            #expect(keys.find(name) == i)
            #expect(keys.name(i) == name)
        }
        for other in ["", "c", "A", "abc", "abcdefgX", "Xbcdefgh", "abcdefghijklYnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyza"] {
            #expect(keys.find(other) == -2)
        }
        #expect(JSONKeys("").find("a") == -2)
        #expect(JSONKeys("").count == 0)
    }

    @Test(
        arguments: [
            (0.0, "0"), (-0.0, "-0"), (1.0, "1"), (-1.5, "-1.5"), (100.0, "100"), (0.1, "0.1"), (123456.789, "123456.789"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"), (1.5e300, "1.5e+300"), (0.000001, "0.000001"), (1e-7, "1e-7"), (1.25e-10, "1.25e-10"),
            (.leastNonzeroMagnitude, "5e-324"),
            (.greatestFiniteMagnitude, "1.7976931348623157e+308"), (.infinity, "null"), (.nan, "null"), (1e16, "10000000000000000"),
        ] as [(Double, String)])
    func doubles(_ value: Double, _ text: String) {
        var writer = JSONWriter()
        writer.value(value)
        #expect(String(decoding: writer.finish(), as: UTF8.self) == text)
    }

    @Test(
        arguments: [
            ("", #""""#), ("plain and longer than eight", #""plain and longer than eight""#), ("a\"b\\c/d", #""a\"b\\c/d""#),
            ("\u{8}\u{9}\u{a}\u{b}\u{c}\u{d}\u{1f}\u{7f}", "\"\\b\\t\\n\\u000b\\f\\r\\u001f\u{7f}\""), ("<&>", #""<&>""#),
            ("\u{2028}x\u{2029}y\u{2027}", "\"\\u2028x\\u2029y\u{2027}\""), ("grün \u{20ac} \u{1F600}", "\"grün \u{20ac} \u{1F600}\""),
            ("12345678\n", #""12345678\n""#), ("\n12345678", #""\n12345678""#),
        ] as [(String, String)])
    func strings(_ value: String, _ text: String) {
        #expect(String(decoding: JSONValue.string(value).serialized(), as: UTF8.self) == text)
    }

    @Test func integers() {
        for value in [0, 9, 10, -1, -9, -10, 99, 100, 1234567890, .max, .min] as [Int64] {
            #expect(String(decoding: JSONValue.integer(value).serialized(), as: UTF8.self) == "\(value)")
        }
    }

    @Test(
        arguments: [
            ("", [UInt8]()), ("Zg==", [0x66]), ("Zm8=", [0x66, 0x6f]), ("Zm9v", [0x66, 0x6f, 0x6f]), ("Zm9vYg==", [0x66, 0x6f, 0x6f, 0x62]),
            ("+/+/", [0xfb, 0xff, 0xbf]),
        ] as [(String, [UInt8])])
    func base64(_ text: String, _ bytes: [UInt8]) {
        #expect(Base64.decode(text) == bytes)
        #expect(Base64.encode(bytes) == text)
    }

    @Test func base64Refuses() {
        for bad in ["A", "AA", "AAA", "A===", "AA=", "AA==A", "AAAA=", "=", "====", "A A=", "AA-_", "é", "AA===", "AAA=="] {
            #expect(Base64.decode(bad) == nil)
        }
        #expect(Base64.decode("Zm9v\r\nZg==\n") == Array("foof".utf8))
    }
}
