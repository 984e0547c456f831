import JSON
import KubernetesAPI
import Testing

@Suite struct FieldExtractionTests {
    @Test(
        arguments: [
            (#"{"string":"x","number":1}"#, #"{"f:number":{},"f:string":{}}"#),
            (#"{"list":["a"],"atomicMap":{"a":"b"},"atomic":{"a":"b"}}"#, #"{"f:atomic":{},"f:atomicMap":{},"f:list":{}}"#),
            (#"{"set":["b","a"]}"#, #"{"f:set":{"v:\"a\"":{},"v:\"b\"":{}}}"#), (#"{"map":{"k":"v"}}"#, #"{"f:map":{"f:k":{}}}"#),
            (#"{"map":{},"inner":{},"set":[]}"#, #"{"f:inner":{},"f:map":{}}"#), (#"{"inner":null,"set":null}"#, #"{"f:inner":{},"f:set":{}}"#),
            (#"{"inner":{"number":1}}"#, #"{"f:inner":{"f:number":{}}}"#),
            (#"{"parts":[{"name":"a","value":1}]}"#, #"{"f:parts":{"k:{\"name\":\"a\",\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:value":{}}}}"#),
            (#"{"parts":[{"name":"a","value":1},{"name":"a"}]}"#, #"{"f:parts":{"k:{\"name\":\"a\",\"protocol\":\"TCP\"}":{}}}"#),
        ])
    func fields(_ object: String, _ fields: String) throws {
        #expect(FieldSet(of: try json(object), schema: Sample.schema).fieldsV1.description == fields)
    }

    @Test func portsOfKubernetesTypesHaveTheirDefaultProtocol() throws {
        let service = try #require(Schema.named("core.v1.Service"))
        let set = FieldSet(of: try json(#"{"spec":{"ports":[{"port":80}],"selector":{"a":"b"}}}"#), schema: service)
        #expect(
            set.fieldsV1.description
                == #"{"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}},"f:selector":{}}}"#)
    }

    @Test(arguments: 0..<60)
    func whatIsExtractedAndKeptAloneIsTheObject(_ seed: UInt64) {
        var random = RandomConfigurations(seed: seed)
        let schema = Sample.schemas[Int(seed) % Sample.schemas.count]
        let object = random.object(schema)
        let set = FieldSet(of: object, schema: schema)
        if object.objectValue?.isEmpty == false { #expect(object.extracting(set, schema: schema) == object) }
        // And without it there is nothing left that anybody could own.
        let rest = object.removing(set, schema: schema)
        #expect(FieldSet(of: rest, schema: schema).intersection(set).paths.allSatisfy { value(rest, $0)?.isNull ?? true })
        #expect(object.removing(FieldSet(), schema: schema) == object || object.objectValue?.isEmpty == true)
    }

    private func value(_ tree: JSONValue, _ path: [PathElement]) -> JSONValue? {
        guard case .field(let name)? = path.first else { return path.isEmpty ? .some(tree) : .none }
        return tree[name].flatMap { value($0, Array(path.dropFirst())) }
    }
}

@Suite struct FieldComparisonTests {
    @Test(
        arguments: [
            (#"{"string":"a"}"#, #"{"string":"b"}"#, "", ".string", ""), (#"{"string":"a"}"#, "{}", ".string", "", ""),
            ("{}", #"{"map":{"a":"b"}}"#, "", "", ".map\n.map.a"), (#"{"map":{"a":"b"}}"#, #"{"map":{"a":"b","c":"d"}}"#, "", "", ".map.c"),
            (#"{"map":{"a":"b"}}"#, #"{"map":{}}"#, ".map.a", "", ""), (#"{"map":{}}"#, "{}", ".map", "", ""),
            (#"{"set":["a","b"]}"#, #"{"set":["b","c"]}"#, ".set[=\"a\"]", "", ".set[=\"c\"]"),
            (#"{"list":["a"]}"#, #"{"list":["a","b"]}"#, "", ".list", ""), (#"{"atomic":{"a":"x"}}"#, #"{"atomic":{"b":"x"}}"#, "", ".atomic", ""),
            ("{}", #"{"inner":{"number":1}}"#, "", "", ".inner.number"), ("{}", #"{"pointer":{"number":1}}"#, "", "", ".pointer\n.pointer.number"),
            (
                #"{"parts":[{"name":"a","value":1},{"name":"b"}]}"#, #"{"parts":[{"name":"b"},{"name":"a","protocol":"TCP","value":2}]}"#, "",
                #".parts[name="a",protocol="TCP"].value"#, #".parts[name="a",protocol="TCP"].protocol"#
            ),
            (
                #"{"parts":[{"name":"a"},{"name":"a","value":1}]}"#, #"{"parts":[{"name":"a"},{"name":"a","value":2}]}"#, "",
                #".parts[name="a",protocol="TCP"]"#, ""
            ),
        ])
    func differences(_ old: String, _ new: String, _ removed: String, _ modified: String, _ added: String) throws {
        let comparison = FieldComparison(old: try json(old), new: try json(new), schema: Sample.schema)
        #expect(comparison.removed.description == removed)
        #expect(comparison.modified.description == modified)
        #expect(comparison.added.description == added)
    }

    @Test(arguments: 0..<60)
    func laws(_ seed: UInt64) {
        var random = RandomConfigurations(seed: seed)
        let schema = Sample.schemas[Int(seed) % Sample.schemas.count]
        let old = random.object(schema)
        let new = random.object(schema)
        #expect(FieldComparison(old: old, new: old, schema: schema).isEmpty)
        let there = FieldComparison(old: old, new: new, schema: schema)
        let back = FieldComparison(old: new, new: old, schema: schema)
        #expect(there.added == back.removed)
        #expect(there.removed == back.added)
        #expect(there.modified == back.modified)
        #expect(there.added.intersection(there.modified).isEmpty && there.added.intersection(there.removed).isEmpty)
        let before = FieldSet(of: old, schema: schema)
        let after = FieldSet(of: new, schema: schema)
        #expect(after.difference(before).difference(there.changed).paths.isEmpty)
        #expect(before.difference(after).difference(there.removed.union(there.modified)).paths.isEmpty)
    }

    @Test(arguments: 0..<120)
    func newObjectsFieldsAreThoseThatAnEmptyObjectDoesNotHave(_ seed: UInt64) {
        var random = RandomConfigurations(seed: seed)
        random.density = 20 + Int(seed % 60)
        let schema = Sample.schemas[Int(seed) % Sample.schemas.count]
        let object = random.object(schema, depth: 5)
        let excluded = FieldSet([.field("status")])
        let slow = FieldComparison(old: [:], new: object, schema: schema).changed.recursiveDifference(excluded).difference(FieldUpdater.system)
        let fast = NewObjectFields.fieldsV1(of: object, schema: schema, excluded: "status")
        #expect((fast ?? [:]).description == slow.fieldsV1.description)
    }

    @Test func newObjectsFieldsAsKubernetesWritesThem() throws {
        let deployment = try #require(Schema.named("apps.v1.Deployment"))
        let object = try json(
            #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default","labels":{"app":"web"}},"spec":{"replicas":1,"#
                + #""selector":{"matchLabels":{"app":"web"}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%"}},"#
                + #""template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"i","resources":{},"#
                + #""ports":[{"containerPort":80,"protocol":"TCP"}],"env":[{"name":"A","value":"b"}]}]}}}}"#)
        let text =
            #"{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:replicas":{},"f:selector":{},"#
            + #""f:strategy":{"f:rollingUpdate":{".":{},"f:maxSurge":{}},"f:type":{}},"#
            + #""f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"#
            + #""f:env":{".":{},"k:{\"name\":\"A\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:name":{},"#
            + #""f:ports":{".":{},"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},"f:resources":{}}}}}}}"#
        #expect(NewObjectFields.fieldsV1(of: object, schema: deployment)?.description == text)
    }
}
