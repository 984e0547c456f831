import JSON
import KubernetesAPI
import Testing

@Suite struct FieldMergeTests {
    @Test(
        arguments: [
            // live, applied, merged
            (#"["a","b","c"]"#, #"["c"]"#, #"["a","b","c"]"#), (#"["a","b","c"]"#, #"["c","a"]"#, #"["b","c","a"]"#),
            (#"["a"]"#, #"["b"]"#, #"["a","b"]"#),
            (#"["a","b","c","d"]"#, #"["b","x","d"]"#, #"["a","b","c","x","d"]"#), (#"["a","b"]"#, #"["b","c","a"]"#, #"["b","c","a"]"#),
            ("[]", #"["b","a"]"#, #"["b","a"]"#),
        ])
    func setsKeepTheirOrderAndTakeTheConfigurations(_ live: String, _ applied: String, _ merged: String) throws {
        let result = FieldMerge.merge(["set": try json(applied)], into: ["set": try json(live)], schema: Sample.schema)
        #expect(result["set"]?.description == merged)
    }

    @Test(
        arguments: [
            (#"{"map":{"a":"1","b":"2"}}"#, #"{"map":{"b":"3","c":"4"}}"#, #"{"map":{"a":"1","b":"3","c":"4"}}"#),
            (#"{"atomic":{"a":"1"}}"#, #"{"atomic":{"b":"2"}}"#, #"{"atomic":{"b":"2"}}"#),
            (#"{"list":["a"]}"#, #"{"list":["b"]}"#, #"{"list":["b"]}"#),
            (#"{"parts":[{"name":"a","value":1}]}"#, #"{"parts":[{"name":"a","set":["x"]}]}"#, #"{"parts":[{"name":"a","set":["x"],"value":1}]}"#),
            (#"{"string":"a"}"#, #"{"string":null}"#, #"{"string":null}"#), (#"{"map":{"a":"1"}}"#, #"{"map":{}}"#, #"{"map":{"a":"1"}}"#),
        ])
    func objects(_ live: String, _ applied: String, _ merged: String) throws {
        #expect(FieldMerge.merge(try json(applied), into: try json(live), schema: Sample.schema) == (try json(merged)))
    }
}

/// Applies and updates by several managers, one after the other.
@Suite struct FieldUpdaterTests {
    private struct World {
        var object: JSONValue = [:]
        var managed = ManagedFields()
        let updater = FieldUpdater(apiVersion: "v1", schema: Sample.schema)

        static func manager(_ name: String, isApply: Bool) -> ManagedFields.Manager {
            ManagedFields.Manager(name: name, isApply: isApply, apiVersion: "v1", subresource: "")
        }

        mutating func apply(_ name: String, _ text: String, force: Bool = false) throws {
            (object, managed) = try updater.apply(
                try json(text), to: object, managed: managed, manager: Self.manager(name, isApply: true), force: force)
        }

        mutating func update(_ name: String, _ text: String) throws {
            let new = try json(text)
            let comparison = FieldComparison(old: object, new: new, schema: Sample.schema)
            let (others, changed) = updater.update(managed, old: object, new: new, comparison: comparison)
            managed = others
            let manager = Self.manager(name, isApply: false)
            if !changed.isEmpty {
                managed.entries[manager] = ManagedFields.Entry(set: changed.union(managed.entries[manager]?.set ?? FieldSet()), apiVersion: "v1")
            }
            object = new
        }

        func owns(_ name: String, isApply: Bool = true) -> String? {
            managed.entries[Self.manager(name, isApply: isApply)]?.set.fieldsV1.description
        }
    }

    @Test func whatIsNoLongerAppliedGoes() throws {
        var world = World()
        try world.apply("one", #"{"string":"a","map":{"k":"v","l":"w"},"set":["x","y"],"parts":[{"name":"p","value":1},{"name":"q"}]}"#)
        try world.apply("one", #"{"map":{"k":"v"},"set":["y"],"parts":[{"name":"p"}]}"#)
        #expect(world.object == (try json(#"{"map":{"k":"v"},"set":["y"],"parts":[{"name":"p"}]}"#)))
    }

    @Test func whatSomebodyElseHasStays() throws {
        var world = World()
        try world.apply("one", #"{"string":"a","set":["x","y"]}"#)
        try world.apply("two", #"{"string":"a","set":["x"]}"#)
        try world.apply("one", "{}")
        #expect(world.object == (try json(#"{"string":"a","set":["x"]}"#)))
        #expect(world.owns("one") == nil)
        try world.apply("two", "{}")
        #expect(FieldSet(of: world.object, schema: Sample.schema).isEmpty)
    }

    @Test func conflicts() throws {
        var world = World()
        try world.apply("one", #"{"string":"a","number":1}"#)
        try world.update("edit", #"{"string":"a","number":1,"bool":true}"#)
        let conflict = #expect(throws: FieldConflicts.self) { try world.apply("two", #"{"string":"b"}"#) }
        #expect(conflict?.message == #"Apply failed with 1 conflict: conflict with "one": .string"#)
        let conflicts = #expect(throws: FieldConflicts.self) { try world.apply("two", #"{"string":"b","number":2,"bool":false}"#) }
        #expect(
            conflicts?.message
                == "Apply failed with 3 conflicts: conflicts with \"edit\" using v1:\n- .bool\nconflicts with \"one\":\n- .number\n- .string")
        try world.apply("two", #"{"string":"b","bool":false}"#, force: true)
        #expect(world.object == (try json(#"{"string":"b","number":1,"bool":false}"#)))
        #expect(world.owns("one") == #"{"f:number":{}}"#)
        #expect(world.owns("two") == #"{"f:bool":{},"f:string":{}}"#)
        #expect(world.owns("edit", isApply: false) == nil)
    }

    @Test func anUpdateTakesWhatItChanges() throws {
        var world = World()
        try world.apply("one", #"{"string":"a","map":{"k":"v"},"number":1}"#)
        try world.update("edit", #"{"string":"b","map":{"k":"v"}}"#)
        #expect(world.owns("one") == #"{"f:map":{"f:k":{}}}"#)
        #expect(world.owns("edit", isApply: false) == #"{"f:string":{}}"#)
        // What an updater has is not removed by an apply that does not say it.
        try world.apply("one", "{}")
        #expect(world.object == (try json(#"{"string":"b"}"#)))
    }

    @Test func anElementGoesWithWhoAppliedIt() throws {
        var world = World()
        try world.apply("one", #"{"parts":[{"name":"p","value":1},{"name":"q"}]}"#)
        try world.update("edit", #"{"parts":[{"name":"p","value":1,"set":["x"]},{"name":"q"}]}"#)
        try world.apply("one", #"{"parts":[{"name":"q"}]}"#)
        #expect(world.object == (try json(#"{"parts":[{"name":"q"}]}"#)))
    }

    @Test func whatNobodyHasIsNotRemoved() throws {
        var world = World()
        world.object = ["map": ["a": "1"], "set": ["p", "q"]]
        try world.apply("one", #"{"map":{"b":"2","c":"3"},"set":["r","s"]}"#)
        try world.apply("one", #"{"map":{"c":"3"},"set":["s"]}"#)
        #expect(world.object == (try json(#"{"map":{"a":"1","c":"3"},"set":["p","q","s"]}"#)))
    }

    @Test(arguments: 0..<100)
    func applyIsIdempotent(_ seed: UInt64) throws {
        var random = RandomConfigurations(seed: seed)
        let schema = Sample.schemas[Int(seed) % Sample.schemas.count]
        let updater = FieldUpdater(apiVersion: "v1", schema: schema)
        let one = World.manager("one", isApply: true)
        let two = World.manager("two", isApply: true)
        let first = random.object(schema)
        let second = random.object(schema)
        var (object, managed) = try updater.apply(first, to: [:], managed: ManagedFields(), manager: one, force: false)
        #expect(object == first)
        var again = try updater.apply(first, to: object, managed: managed, manager: one, force: false)
        #expect(again.object == object && again.managed == managed)
        (object, managed) = try updater.apply(second, to: object, managed: managed, manager: two, force: true)
        again = try updater.apply(second, to: object, managed: managed, manager: two, force: false)
        #expect(again.object == object && again.managed == managed)
        // Everything that was said second is there.
        let said = FieldSet(of: second, schema: schema)
        #expect(said.difference(FieldSet(of: object, schema: schema)).isEmpty)
        #expect(!FieldComparison(old: second, new: object, schema: schema).changed.intersection(said).paths.contains { !$0.isEmpty })
        // Who says something else owns that and nothing more.
        (object, managed) = try updater.apply(first, to: object, managed: managed, manager: two, force: true)
        #expect(managed.entries[two]?.set == nil || managed.entries[two]?.set == FieldSet(of: first, schema: schema).difference(FieldUpdater.system))
    }

    @Test(arguments: 0..<40)
    func managedFieldsAreReadAsTheyAreWritten(_ seed: UInt64) throws {
        var random = RandomConfigurations(seed: seed)
        var managed = ManagedFields()
        for name in ["b", "a", "c"] {
            for isApply in [true, false] {
                managed.entries[World.manager(name, isApply: isApply)] = ManagedFields.Entry(
                    set: random.fieldSet(Sample.schema), apiVersion: "v1", time: isApply ? nil : "2026-01-0\(seed % 9 + 1)T00:00:00Z")
            }
        }
        #expect(try ManagedFields(list: managed.list) == managed)
        let operations = managed.list?.arrayValue?.compactMap { $0["operation"]?.stringValue }
        #expect(operations == ["Apply", "Apply", "Apply", "Update", "Update", "Update"])
    }
}

@Suite struct ApplyValidationTests {
    @Test(
        arguments: [
            (#"{"spec":{"foo":1}}"#, ".spec.foo: field not declared in schema"),
            (#"{"spec":{"replicas":"3"}}"#, ".spec.replicas: expected numeric (int or float), got string"),
            (#"{"spec":{"paused":"no"}}"#, ".spec.paused: expected boolean, got &{no}"),
            (#"{"metadata":{"labels":{"a":1}}}"#, ".metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}"),
            (
                #"{"spec":{"template":{"spec":{"containers":[{"name":"a"},{"name":"a"}]}}}}"#,
                ".spec.template.spec.containers: duplicate entries for key [name=\"a\"]"
            ),
            (
                #"{"spec":{"template":{"spec":{"containers":[{"image":"a"}]}}}}"#,
                ".spec.template.spec.containers: element 0: associative list with keys has an element that omits all key fields [\"name\"] (and doesn't have default values for any key fields)"
            ),
            (#"{"spec":{"template":{"spec":{"containers":{"name":"a"}}}}}"#, ".spec.template.spec.containers: expected list, got &{map[name:a]}"),
            (
                #"{"spec":{"template":{"spec":{"containers":[{"name":"a","foo":1,"bar":2}]}}}}"#,
                "errors:\n  .spec.template.spec.containers[name=\"a\"].foo: field not declared in schema\n  .spec.template.spec.containers[name=\"a\"].bar: field not declared in schema"
            ),
        ])
    func complaints(_ text: String, _ complaint: String) throws {
        let schema = try #require(Schema.named("apps.v1.Deployment"))
        let tree = try json(text)
        let error = #expect(throws: ApplyValidationError.self) { try ApplyValidation.check(tree, schema: schema) }
        #expect(error?.description == complaint)
    }

    @Test func whatIsRightPasses() throws {
        let schema = try #require(Schema.named("apps.v1.Deployment"))
        try ApplyValidation.check(
            try json(
                #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","creationTimestamp":null},"spec":{"replicas":1,"strategy":{"rollingUpdate":{"maxSurge":1}},"#
                    + #""template":{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":1}}}]}}}}"#), schema: schema)
    }
}
