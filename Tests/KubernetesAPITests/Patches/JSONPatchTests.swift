import JSON
import KubernetesAPI
import Testing

private func apply(_ patch: String, to document: String) throws -> JSONValue {
    try JSONPatch(JSONValue(parsing: patch)).apply(to: JSONValue(parsing: document))
}

@Suite struct JSONPatchTests {
    @Test(
        arguments: [
            // The examples of RFC 6902.
            (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"baz":"qux","foo":"bar"}"#),
            (#"{"foo":["bar","baz"]}"#, #"[{"op":"add","path":"/foo/1","value":"qux"}]"#, #"{"foo":["bar","qux","baz"]}"#),
            (#"{"baz":"qux","foo":"bar"}"#, #"[{"op":"remove","path":"/baz"}]"#, #"{"foo":"bar"}"#),
            (#"{"foo":["bar","qux","baz"]}"#, #"[{"op":"remove","path":"/foo/1"}]"#, #"{"foo":["bar","baz"]}"#),
            (#"{"baz":"qux","foo":"bar"}"#, #"[{"op":"replace","path":"/baz","value":"boo"}]"#, #"{"baz":"boo","foo":"bar"}"#),
            (
                #"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#, #"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
                #"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#
            ),
            (#"{"foo":["all","grass","cows","eat"]}"#, #"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#, #"{"foo":["all","cows","eat","grass"]}"#),
            (
                #"{"baz":"qux","foo":["a",2,"c"]}"#, #"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
                #"{"baz":"qux","foo":["a",2,"c"]}"#
            ),
            (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#, #"{"foo":"bar","child":{"grandchild":{}}}"#),
            (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#, #"{"foo":"bar","baz":"qux"}"#),
            (#"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":10},{"op":"test","path":"/~1","value":9}]"#, #"{"/":9,"~1":10}"#),
            (#"{"foo":["bar"]}"#, #"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#, #"{"foo":["bar",["abc","def"]]}"#),
            // Others.
            (
                #"{"~2~":1,"~~":2}"#, #"[{"op":"remove","path":"/~2~"},{"op":"test","path":"/~~","value":2},{"op":"test","path":"/~0~0","value":2}]"#,
                #"{"~~":2}"#
            ),
            (#"{}"#, #"[]"#, #"{}"#),
            (
                #"{"a":{"b":[{"c":1}]}}"#, #"[{"op":"copy","from":"/a/b/0","path":"/a/b/-"},{"op":"replace","path":"/a/b/1/c","value":2}]"#,
                #"{"a":{"b":[{"c":1},{"c":2}]}}"#
            ),
            (
                #"{"a":[1,2,3]}"#,
                #"[{"op":"remove","path":"/a/-1"},{"op":"add","path":"/a/-1","value":9},{"op":"replace","path":"/a/-3","value":0}]"#,
                #"{"a":[0,2,9]}"#
            ),
            (#"{"a":1}"#, #"[{"op":"replace","path":"","value":{"b":2}}]"#, #"{"b":2}"#),
            (#"{"a":1}"#, #"[{"op":"replace","path":"/b","value":2}]"#, #"{"a":1,"b":2}"#),
            (#"{"a":1}"#, #"[{"op":"test","path":"/b","value":null},{"op":"test","path":"/b"}]"#, #"{"a":1}"#),
            (#"{"a":1}"#, #"[{"op":"test","path":"","value":{"a":1}}]"#, #"{"a":1}"#),
            (#"{"a":null}"#, #"[{"op":"replace","path":"/a","value":{}},{"op":"add","path":"/a/b","value":1}]"#, #"{"a":{"b":1}}"#),
            (#"{"a":1}"#, #"[{"op":"add","path":"/b"}]"#, #"{"a":1,"b":null}"#),
            (#"{"":1}"#, #"[{"op":"replace","path":"/","value":2}]"#, #"{"":2}"#),
            (#"{"a":{"b":1}}"#, #"[{"op":"move","from":"/a/b","path":"/c"},{"op":"remove","path":"/a"}]"#, #"{"c":1}"#),
            (
                #"{"metadata":{"annotations":{"a.b/c":"1"}}}"#, #"[{"op":"add","path":"/metadata/annotations/x.y~1z","value":"2"}]"#,
                #"{"metadata":{"annotations":{"a.b/c":"1","x.y/z":"2"}}}"#
            ),
        ] as [(String, String, String)])
    func applies(_ document: String, _ patch: String, _ expected: String) throws {
        #expect(try apply(patch, to: document) == JSONValue(parsing: expected))
    }

    @Test(
        arguments: [
            (
                #"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz/bat","value":"qux"}]"#,
                #"add operation does not apply: doc is missing path: "/baz/bat": missing value"#
            ),
            (
                #"{"foo":"bar"}"#, #"[{"op":"add","path":"/foo/bat","value":"qux"}]"#,
                #"add operation does not apply: doc is missing path: "/foo/bat": missing value"#
            ),
            (#"{"foo":"bar"}"#, #"[{"op":"add","pathz":"/baz","value":"qux"}]"#, "add operation failed to decode path: missing value"),
            (#"{"foo":"bar"}"#, #"[{"op":"add","path":"","value":"qux"}]"#, #"add operation does not apply: doc is missing path: "": missing value"#),
            (
                #"{"a":{"b":{"d":1}}}"#, #"[{"op":"remove","path":"/a/b/c"}]"#,
                "error in remove for path: '/a/b/c': Unable to remove nonexistent key: c: missing value"
            ),
            (
                #"{"a":{"b":[1]}}"#, #"[{"op":"remove","path":"/a/b/1"}]"#,
                "error in remove for path: '/a/b/1': Unable to access invalid index: 1: invalid index referenced"
            ),
            (
                #"{"a":{"b":[1]}}"#, #"[{"op":"remove","path":"/a/b/-2"}]"#,
                "error in remove for path: '/a/b/-2': Unable to access invalid index: -2: invalid index referenced"
            ),
            (#"{"a":[]}"#, #"[{"op":"remove","path":"/a/-"}]"#, #"error in remove for path: '/a/-': strconv.Atoi: parsing "-": invalid syntax"#),
            (
                #"{"a":[]}"#, #"[{"op":"add","path":"/a/x","value":1}]"#,
                #"error in add for path: '/a/x': value was not a proper array index: 'x': strconv.Atoi: parsing "x": invalid syntax"#
            ),
            (
                #"{"a":[]}"#, #"[{"op":"add","path":"/a/1","value":1}]"#,
                "error in add for path: '/a/1': Unable to access invalid index: 1: invalid index referenced"
            ),
            (
                #"{"a":["x"]}"#, #"[{"op":"replace","path":"/a/1","value":1}]"#,
                "replace operation does not apply: doc is missing key: /a/1: missing value"
            ),
            (
                #"{"a":1}"#, #"[{"op":"replace","path":"/b/c","value":1}]"#,
                "replace operation does not apply: doc is missing path: /b/c: missing value"
            ),
            (#"{"a":1}"#, #"[{"op":"replace","path":"","value":1}]"#, "replace operation value must be object or array"),
            (
                #"{"a":1}"#, #"[{"op":"move","from":"/b","path":"/c"}]"#,
                "error in move for path: 'b': Unable to remove nonexistent key: b: missing value"
            ),
            (#"{"a":1}"#, #"[{"op":"move","path":"/c"}]"#, "move operation failed to decode from: operation, missing from field: missing value"),
            (
                #"{"a":1}"#, #"[{"op":"copy","from":"/b/c","path":"/c"}]"#,
                "copy operation does not apply: doc is missing from path: /b/c: missing value"
            ),
            (
                #"{"a":["b"]}"#, #"[{"op":"copy","from":"/a/0","path":"/a/2"}]"#,
                "error while adding value during copy: Unable to access invalid index: 2: invalid index referenced"
            ),
            (#"{"a":1}"#, #"[{"op":"test","path":"/a","value":2}]"#, "testing value /a failed: test failed"),
            (#"{"a":1}"#, #"[{"op":"test","path":"/a","value":1.0}]"#, "testing value /a failed: test failed"),
            (#"{"a":1}"#, #"[{"op":"test","path":"/a/b","value":1}]"#, "test operation does not apply: is missing path: /a/b: missing value"),
            (#"{"a":1}"#, #"[{"op":"spam","path":"/a"}]"#, "Unexpected kind: spam"),
            (#"{"a":1}"#, #"[{"op":null,"path":""}]"#, "Unexpected kind: unknown"),
        ] as [(String, String, String)])
    func refuses(_ document: String, _ patch: String, _ message: String) {
        let error = #expect(throws: PatchError.self) { try apply(patch, to: document) }
        #expect(error?.description == message)
        #expect(error?.kind == .notApplicable)
    }

    @Test func limits() throws {
        let many = JSONValue.array(Array(repeating: ["op": "test", "path": "/x"], count: JSONPatch.maximumOperations + 1))
        #expect(throws: PatchError.self) { try JSONPatch(many) }
        #expect(throws: PatchError.self) { try JSONPatch(["op": "add"]) }
        #expect(throws: PatchError.self) { try JSONPatch([1]) }
        let big: JSONValue = ["a": .string(String(repeating: "x", count: 2 << 20))]
        let error = #expect(throws: PatchError.self) {
            try JSONPatch([["op": "copy", "from": "/a", "path": "/b"], ["op": "copy", "from": "/a", "path": "/c"]]).apply(to: big)
        }
        #expect(error?.kind == .tooLarge)
    }
}

@Suite struct JSONMergePatchTests {
    /// The examples of RFC 7386.
    @Test(
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, #"{}"#),
            (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#), (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#), (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
            (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#), (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, "null", "null"),
            (#"{"a":"foo"}"#, #""bar""#, #""bar""#), (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
            (#"[1,2]"#, #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
            (#"{}"#, #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ] as [(String, String, String)])
    func applies(_ document: String, _ patch: String, _ expected: String) throws {
        let document = try JSONValue(parsing: document)
        #expect(try JSONMergePatch.apply(JSONValue(parsing: patch), to: document) == JSONValue(parsing: expected))
    }

    @Test(
        arguments: [
            (#"{"a":1,"b":{"c":2,"d":3}}"#, #"{"b":{"c":2,"e":4},"f":[1]}"#, #"{"a":null,"b":{"d":null,"e":4},"f":[1]}"#),
            (#"{"a":1}"#, #"{"a":1}"#, #"{}"#),
            (#"{"a":[1]}"#, #"{"a":[1,2]}"#, #"{"a":[1,2]}"#),
        ] as [(String, String, String)])
    func diffs(_ original: String, _ modified: String, _ patch: String) throws {
        let original = try JSONValue(parsing: original)
        let modified = try JSONValue(parsing: modified)
        let diff = try #require(JSONMergePatch.diff(from: original, to: modified))
        #expect(diff == (try JSONValue(parsing: patch)))
        #expect(JSONMergePatch.apply(diff, to: original) == modified)
    }

    @Test func noDiffToNull() {
        #expect(JSONMergePatch.diff(from: ["a": 1], to: ["a": nil]) == nil)
    }
}
