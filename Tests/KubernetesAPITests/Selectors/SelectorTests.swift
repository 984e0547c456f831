import JSON
import KubernetesAPI
import Testing

@Suite struct SelectorTests {
    /// Text, and the selector written again.
    @Test(
        arguments: [
            ("", ""), ("x=a,y=b,z=c", "x=a,y=b,z=c"), ("z=c,x=a", "x=a,z=c"), ("x!=a,y==b", "x!=a,y==b"), ("x=", "x="), ("x= ,z= ", "x=,z="),
            ("!x", "!x"),
            (" ! x , y ", "!x,y"), ("x>1,z<5", "x>1,z<5"), ("x in (b, a,b)", "x in (a,b)"), ("x notin (a)", "x notin (a)"), ("x in ()", "x in ()"),
            ("x in (,a)", "x in (,a)"), ("x in (a,)", "x in (,a)"), ("x in (a,,b)", "x in (,a,b)"), ("notin=in", "notin=in"),
            ("in in (in,notin)", "in in (in,notin)"),
            ("x,", nil), ("example.com/a=b", "example.com/a=b"),
        ] as [(String, String?)])
    func parses(_ text: String, _ again: String?) throws {
        guard let again else {
            #expect(throws: SelectorError.self) { try Selector(parsing: text) }
            return
        }
        let selector = try Selector(parsing: text)
        #expect(selector.description == again)
        #expect(try Selector(parsing: again) == selector)
    }

    @Test(
        arguments: [
            ("x=a,y=b=c", "found '=', expected: ',' or 'end of string'"), ("x==a==b", "found '==', expected: ',' or 'end of string'"),
            ("!x=a", "found '=', expected: ',' or 'end of string'"),
            ("x a", "unable to parse requirement: found 'a', expected: in, notin, =, ==, !=, gt, lt"),
            ("=a", "found '=', expected: !, identifier, or 'end of string'"), ("x in a", "unable to parse requirement: found 'a' expected: '('"),
            ("x in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("x in (a b)", "unable to parse requirement: found 'b', expected: ',' or ')'"),
            ("x in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
            ("x in (a,=)", "unable to parse requirement: found '=', expected: ',', or identifier"),
            ("x=a,", "found '', expected: identifier after ','"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
            ("x=(", "unable to parse requirement: found '(', expected: identifier"),
            ("x<a", #"unable to parse requirement: values[0]: Invalid value: "a": for 'Gt', 'Lt' operators, the value must be an integer"#),
            (
                "a/b/c=d",
                #"unable to parse requirement: <nil>: Invalid value: "a/b/c": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"#
            ),
            (
                "x=-a",
                #"unable to parse requirement: values[0][x]: Invalid value: "-a": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"#
            ),
        ] as [(String, String)])
    func refuses(_ text: String, _ message: String) {
        let error = #expect(throws: SelectorError.self) { try Selector(parsing: text) }
        #expect(error?.description == message)
    }

    @Test(
        arguments: [
            ("", ["x": "y"], true), ("", [:], true), ("x=y", ["x": "y"], true), ("x=y", ["x": "z"], false), ("x=y", [:], false),
            ("x=y,z=w", ["x": "y", "z": "w"], true),
            ("x=y,z=w", ["x": "y"], false), ("x!=y", [:], true), ("x!=y", ["x": "y"], false), ("x!=y", ["x": "z"], true), ("x", ["x": ""], true),
            ("x", [:], false),
            ("!x", [:], true), ("!x", ["x": ""], false), ("x in (a,b)", ["x": "b"], true), ("x in (a,b)", ["x": "c"], false),
            ("x in (a,b)", [:], false),
            ("x notin (a,b)", [:], true), ("x notin (a,b)", ["x": "a"], false), ("x notin (a,b)", ["x": "c"], true), ("x=", ["x": ""], true),
            ("x=", [:], false),
            ("x>1", ["x": "2"], true), ("x>1", ["x": "1"], false), ("x>1", ["x": "a"], false), ("x>1", [:], false), ("x<1", ["x": "0"], true),
            ("x<1", ["x": "2"], false),
        ] as [(String, [String: String], Bool)])
    func matches(_ text: String, _ labels: [String: String], _ expected: Bool) throws {
        let selector = try Selector(parsing: text)
        #expect(selector.matches(labels) == expected)
        #expect(selector.matches(JSONValue(labels).objectValue ?? [:]) == expected)
    }

    @Test func fromLabelSelectors() throws {
        #expect(try Selector(labelSelector: nil).matches([:] as [String: String]) == false)
        #expect(try Selector(labelSelector: .null) == .nothing)
        #expect(try Selector(labelSelector: [:]).matches([:] as [String: String]))
        let tree: JSONValue = [
            "matchLabels": ["app": "web", "a": "b"],
            "matchExpressions": [
                ["key": "tier", "operator": "In", "values": ["front", "back"]], ["key": "old", "operator": "DoesNotExist"],
                ["key": "env", "operator": "Exists"], ["key": "zone", "operator": "NotIn", "values": ["z1"]],
            ],
        ]
        let selector = try Selector(labelSelector: tree)
        #expect(selector.description == "a=b,app=web,env,!old,tier in (back,front),zone notin (z1)")
        #expect(selector.matches(["a": "b", "app": "web", "env": "x", "tier": "back"]))
        #expect(!selector.matches(["a": "b", "app": "web", "env": "x", "tier": "back", "old": ""]))
        #expect(try Selector(LabelSelector(tree: tree)) == selector)
        func message(_ tree: JSONValue) -> String? {
            #expect(throws: SelectorError.self) { try Selector(labelSelector: tree) }?.description
        }
        #expect(message(["matchExpressions": [["key": "a", "operator": "Like"]]]) == #""Like" is not a valid label selector operator"#)
        #expect(
            message(["matchExpressions": [["key": "a", "operator": "In"]]])
                == "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty")
        #expect(
            message(["matchExpressions": [["key": "", "operator": "Exists", "values": ["x"]]]])?.hasPrefix(
                "[key: Invalid value: \"\": name part must be non-empty; ")
                == true)
        #expect(message(["matchLabels": ["a": 1]]) != nil)
    }

    @Test func requiredValues() throws {
        let selector = try Selector(parsing: "a=1,b in (2),c in (3,4),d!=5,e")
        #expect(selector.requiredValue(of: "a") == "1")
        #expect(selector.requiredValue(of: "b") == "2")
        for key in ["c", "d", "e", "f"] { #expect(selector.requiredValue(of: key) == nil) }
        #expect(Selector(matching: ["a": "not valid!"]).matches(["a": "not valid!"]))
        #expect(Selector.everything.isEmpty && !Selector.nothing.isEmpty)
    }
}

@Suite struct FieldSelectorTests {
    @Test(
        arguments: [
            ("", ""), ("a=b", "a=b"), ("a==b", "a=b"), ("a!=b", "a!=b"), ("z=1,a=2", "a=2,z=1"), ("a=b,,", "a=b"), ("a=", "a="),
            (#"a=b\,c\=d\\"#, #"a=b\,c\=d\\"#),
            ("metadata.name=x,status.phase!=Running", "metadata.name=x,status.phase!=Running"), ("=b", "=b"),
        ] as [(String, String)])
    func parses(_ text: String, _ again: String) throws {
        let selector = try FieldSelector(parsing: text)
        #expect(selector.description == again)
        #expect(try FieldSelector(parsing: again) == selector)
    }

    @Test(
        arguments: [
            ("a", "invalid selector: 'a'; can't understand 'a'"), ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
            ("a=b=c", "invalid field selector: unescaped character in value: 61"),
            (#"a=\b"#, #"invalid field selector: invalid escape sequence: \b"#),
            (#"a=b\"#, #"invalid field selector: invalid escape sequence: \"#), ("a!b", "invalid selector: 'a!b'; can't understand 'a!b'"),
            ("a===b", "invalid field selector: unescaped character in value: 61"),
        ] as [(String, String)])
    func refuses(_ text: String, _ message: String) {
        let error = #expect(throws: SelectorError.self) { try FieldSelector(parsing: text) }
        #expect(error?.description == message)
    }

    @Test(
        arguments: [
            ("", [:], true), ("a=b", ["a": "b"], true), ("a=b", ["a": "c"], false), ("a=b", [:], false), ("a=", [:], true), ("a!=b", [:], true),
            ("a!=b", ["a": "b"], false),
            ("a=b,c!=d", ["a": "b", "c": "e"], true), ("a=b,c!=d", ["a": "b", "c": "d"], false), (#"a=x\,y"#, ["a": "x,y"], true),
        ] as [(String, [String: String], Bool)])
    func matches(_ text: String, _ fields: [String: String], _ expected: Bool) throws {
        let selector = try FieldSelector(parsing: text)
        #expect(selector.matches { fields[$0] ?? "" } == expected)
    }

    @Test func requiredValues() throws {
        let selector = try FieldSelector(parsing: "spec.nodeName=n1,metadata.name!=x")
        #expect(selector.requiredValue(of: "spec.nodeName") == "n1")
        #expect(selector.requiredValue(of: "metadata.name") == nil)
        #expect(FieldSelector.everything.isEmpty)
    }
}
