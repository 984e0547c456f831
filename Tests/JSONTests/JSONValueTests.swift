import JSON
import Testing

@Suite struct JSONValueTests {
    @Test func accessAndChange() {
        var value: JSONValue = ["a": ["b": [1, 2, ["c": "d"]]], "e": nil]
        #expect(value["a"]?["b"]?[2]?["c"] == "d")
        #expect(value["e"] == .some(.null))
        #expect(value["x"] == nil)
        #expect(value["a"]?["b"]?[3] == nil)
        #expect(value["a"]?["b"]?[-1] == nil)
        value["a"]?["b"]?[0] = 10
        value["a"]?["b"]?[2]?["c"] = nil
        value["a"]?["b"]?[3] = "appended"
        value["a"]?["b"]?[9] = "nowhere"
        value["e"] = nil
        value["f"] = ["g": 1.5]
        #expect(value == ["a": ["b": [10, 2, [:], "appended"]], "f": ["g": 1.5]])
        value["a"]?["b"]?[1] = nil
        #expect(value["a"]?["b"]?.arrayValue?.count == 3)
        var null = JSONValue.null
        null["x"] = nil
        #expect(null == .null)
        null["x"] = 1
        #expect(null == ["x": 1])
        var string: JSONValue = "s"
        string["x"] = 1
        #expect(string == "s")
    }

    @Test func equality() {
        #expect(["a": 1, "b": 2] as JSONValue == ["b": 2, "a": 1])
        #expect(1 as JSONValue != 1.0)
        #expect(1.0 as JSONValue == .number(JSONNumber("1.00") ?? JSONNumber(0)!))
        #expect(JSONNumber("15e-1") == JSONNumber("1.5"))
        #expect(JSONNumber("1.5") != JSONNumber("-1.5"))
        #expect(JSONNumber("123456789012345678901") != JSONNumber("123456789012345678902"))
        #expect(JSONNumber("0.0") == JSONNumber("-0e5"))
        #expect(JSONNumber("x") == nil)
        // Two spellings of é: the same to Swift, different bytes.
        #expect("\u{e9}" as JSONValue != "e\u{301}")
        let object: JSONObject = ["\u{e9}": 1, "e\u{301}": 2]
        #expect(object.count == 2)
        #expect(object["e\u{301}"] == 2)
        #expect(["a": 1] as JSONValue != ["a": 1, "b": 1])
        #expect([1, 2] as JSONValue != [2, 1])
    }

    @Test func objectsKeepTheirOrderWhateverTheirSize() throws {
        for count in [3, 24, 25, 200] {
            var object = JSONObject()
            for i in 0..<count { object["k\(i)"] = .integer(Int64(i)) }
            object["k1"] = "changed"
            object["k0"] = nil
            object["k0"] = "back"
            #expect(object.keys == (1..<count).map { "k\($0)" } + ["k0"])
            #expect(object["k\(count - 1)"] == .integer(Int64(count - 1)))
            #expect(object.removeValue(forKey: "k2") == .integer(2))
            #expect(object.removeValue(forKey: "k2") == nil)
            #expect(object.contains("k1") && !object.contains("k2"))
            object.removeAll { $0.key == "k1" }
            #expect(object.count == count - 2)
            #expect(try JSONValue(parsing: JSONValue.object(object).serialized()) == .object(object))
            #expect(object.sortedByKey() == object)
        }
    }

    @Test(
        arguments: [
            ("", []), ("/", [""]), ("/a/b", ["a", "b"]), ("/a~1b/~0/~01", ["a/b", "~", "~1"]), ("/a//", ["a", "", ""]),
        ] as [(String, [String])])
    func pointers(_ text: String, _ tokens: [String]) {
        #expect(JSONPointer(text)?.tokens == tokens)
        #expect(JSONPointer(tokens: tokens).description == text)
    }

    @Test func pointerLookup() {
        #expect(JSONPointer("a") == nil)
        #expect(JSONPointer("/~2") == nil)
        #expect(JSONPointer("/a~") == nil)
        let value: JSONValue = ["a": [1, ["b/c": "x"]], "": 0]
        #expect(JSONPointer("/a/1/b~1c").flatMap { value[$0] } == "x")
        #expect(JSONPointer("").flatMap { value[$0] } == value)
        #expect(JSONPointer("/").flatMap { value[$0] } == 0)
        for nothing in ["/a/2", "/a/01", "/a/-", "/a/-1", "/a/0/x", "/z", "/a/99999999999999999999"] {
            #expect(JSONPointer(nothing).flatMap { value[$0] } == nil)
        }
    }

    @Test func pretty() {
        let value: JSONValue = ["a": [1, []], "b": [:], "c": ["d": "e"]]
        let expected = """
            {
              "a": [
                1,
                []
              ],
              "b": {},
              "c": {
                "d": "e"
              }
            }
            """
        #expect(String(decoding: value.serialized(pretty: true), as: UTF8.self) == expected)
    }
}
