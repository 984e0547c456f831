import JSON
import KubernetesAPI
import Testing

@Suite struct FieldSetTests {
    private static func path(_ names: String...) -> [PathElement] { names.map { .field($0) } }

    @Test func fieldsV1IsWrittenInCanonicalOrder() throws {
        var set = FieldSet()
        for path: [PathElement] in [
            [.index(1)], [.value(2)], [.value("b")], [.value("a")], [.value(10)], [.value(true)], [.field("b")], [.field("a"), .field("c")],
            [.field("a")], [.key(("port", 443), ("protocol", "TCP"))], [.key(("port", 80), ("protocol", "TCP")), .field("name")],
            [.key(("name", "x"))],
        ] {
            set.insert(path[...])
        }
        let text =
            #"{"f:a":{".":{},"f:c":{}},"f:b":{},"k:{\"name\":\"x\"}":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{"f:name":{}},"#
            + #""k:{\"port\":443,\"protocol\":\"TCP\"}":{},"v:2":{},"v:10":{},"v:\"a\"":{},"v:\"b\"":{},"v:true":{},"i:1":{}}"#
        #expect(set.fieldsV1.description == text)
        #expect(try FieldSet(fieldsV1: try json(text)) == set)
    }

    @Test(
        arguments: [
            (#"{"f:b":{},"f:a":{}}"#, #"{"f:a":{},"f:b":{}}"#), (#"{"z:later":{},"f:a":{}}"#, #"{"f:a":{}}"#), ("{}", "{}"),
            (#"{"f:a":{"z:later":{}}}"#, #"{"f:a":{}}"#), (#"{"f:a":{".":{}}}"#, #"{"f:a":{}}"#),
            (#"{"k:{\"b\":1,\"a\":2}":{}}"#, #"{"k:{\"a\":2,\"b\":1}":{}}"#), (#"{"v:\"<\"":{}}"#, #"{"v:\"\\u003c\"":{}}"#),
            (#"{"k:{\"b\":1,\"a\":2}":{"f:x":{}},"k:{\"a\":2,\"b\":1}":{}}"#, #"{"k:{\"a\":2,\"b\":1}":{".":{},"f:x":{}}}"#),
        ])
    func reading(_ text: String, _ canonical: String) throws {
        #expect(try FieldSet(fieldsV1: try json(text)).fieldsV1.description == canonical)
    }

    @Test(arguments: [#"{"f":{}}"#, #"{"fab":{}}"#, #"{"v:{":{}}"#, #"{"k:1":{}}"#, #"{"i:x":{}}"#, "[]", "1"])
    func notASet(_ text: String) throws {
        let tree = try json(text)
        #expect(throws: FieldSetError.self) { try FieldSet(fieldsV1: tree) }
    }

    @Test func pathsAsMessagesShowThem() {
        let path: [PathElement] = [.field("spec"), .field("ports"), .key(("port", 80), ("protocol", "TCP")), .field("x"), .value("a"), .index(3)]
        #expect(FieldSet.text(path) == #".spec.ports[port=80,protocol="TCP"].x[="a"][3]"#)
    }

    @Test func parentsAndChildrenAreDifferentFields() {
        let parent = FieldSet(Self.path("a"))
        let child = FieldSet(Self.path("a", "b"))
        #expect(parent.difference(child) == parent)
        #expect(child.difference(parent) == child)
        #expect(child.recursiveDifference(parent).isEmpty)
        #expect(parent.recursiveDifference(child) == parent)
        #expect(parent.intersection(child).isEmpty)
        #expect(parent.union(child).paths == [Self.path("a"), Self.path("a", "b")])
        #expect(
            FieldSet(Self.path("a", "b"), Self.path("a", "c"), Self.path("d")).recursiveDifference(FieldSet(Self.path("a", "b"))).paths == [
                Self.path("d"), Self.path("a", "c"),
            ])
    }

    @Test func including() {
        let set = FieldSet(
            Self.path("spec"), Self.path("spec", "x"), [.field("spec"), .field("list"), .key(("name", "a")), .field("keep"), .field("deep")],
            [.field("spec"), .field("list"), .key(("name", "a")), .field("drop")], Self.path("status"))
        let kept = set.including([[.field("spec"), .field("list"), nil, .field("keep")]])
        #expect(kept.description == ".spec\n.spec.list[name=\"a\"].keep.deep")
    }

    /// Sets of paths, told as texts, are the model.
    @Test(arguments: 0..<60)
    func algebra(_ seed: UInt64) throws {
        var random = RandomConfigurations(seed: seed)
        let schema = Sample.schemas[Int(seed) % Sample.schemas.count]
        let a = random.fieldSet(schema)
        let b = random.fieldSet(schema)
        let (x, y) = (model(a), model(b))
        #expect(model(a.union(b)) == x.union(y))
        #expect(a.union(b) == b.union(a))
        #expect(model(a.intersection(b)) == x.intersection(y))
        #expect(a.intersection(b) == b.intersection(a))
        #expect(model(a.difference(b)) == x.subtracting(y))
        #expect(a.difference(b).union(a.intersection(b)) == a)
        #expect(a.difference(a).isEmpty)
        #expect(a.union(a) == a)
        #expect(a.recursiveDifference(b).intersection(b).isEmpty)
        #expect(a.count == x.count)
        #expect(a.paths.allSatisfy { a.contains($0) })
        #expect(try FieldSet(fieldsV1: a.fieldsV1) == a)
        #expect(try JSONValue(parsing: a.fieldsV1.serialized()) == a.fieldsV1)
        #expect(a.isSubset(ofFieldsV1: a.union(b).fieldsV1))
        #expect(a.isSubset(ofFieldsV1: b.fieldsV1) == x.isSubset(of: y))
        #expect(a.isDisjoint(fromFieldsV1: b.fieldsV1) == x.isDisjoint(with: y))
        #expect(a.difference(b).isDisjoint(fromFieldsV1: b.fieldsV1))
    }

    private func model(_ set: FieldSet) -> Set<String> { Set(set.paths.map(FieldSet.text)) }
}
