import JSON
import KubernetesAPI
import Testing

@Suite struct SchemaDecodingTests {
    private func decode(_ kind: String, _ text: String, group: String = "") throws -> DecodedObject {
        let schema = try #require(Schema.of(group: group, version: "v1", kind: kind))
        return try schema.decode(JSONValue(parsing: text))
    }

    @Test(arguments: [
        // Unknown members go, null is absence.
        (#"{"kind":"Pod","spec":{"containers":[],"nodeName":null}}"#, #"{"kind":"Pod","spec":{"containers":[]}}"#),
        // Empty lists and maps go, unless they are required; empty objects stay.
        (
            #"{"metadata":{"labels":{},"finalizers":[]},"spec":{"containers":[{"name":"a","args":[],"securityContext":{}}]}}"#,
            #"{"metadata":{},"spec":{"containers":[{"name":"a","securityContext":{}}]}}"#
        ),
        // Canonical quantities and times.
        (
            #"{"metadata":{"creationTimestamp":"2024-05-01T12:00:00+02:00"},"spec":{"overhead":{"cpu":0.5,"memory":"1024Mi","x":2}}}"#,
            #"{"metadata":{"creationTimestamp":"2024-05-01T10:00:00Z"},"spec":{"overhead":{"cpu":"500m","memory":"1Gi","x":"2"}}}"#
        ),
        // Null among elements is the zero of the type.
        (
            #"{"metadata":{"labels":{"a":null},"finalizers":[null]},"spec":{"containers":[null],"overhead":{"cpu":null}}}"#,
            #"{"metadata":{"labels":{"a":""},"finalizers":[""]},"spec":{"containers":[{}],"overhead":{"cpu":"0"}}}"#
        ),
    ])
    func canonicalForm(_ input: String, _ expected: String) throws {
        let decoded = try decode("Pod", input)
        #expect(decoded.tree == (try JSONValue(parsing: expected)))
        #expect(decoded.unknownFields.isEmpty)
    }

    @Test func unknownFieldsAreNamedWithTheirPath() throws {
        let decoded = try decode(
            "Pod",
            #"{"foo":1,"metadata":{"name":"a","bar":{}},"spec":{"containers":[{"name":"a"},{"name":"b","imagee":"x","ports":[{"port":80}]}]}}"#)
        #expect(decoded.unknownFields == ["foo", "metadata.bar", "spec.containers[1].imagee", "spec.containers[1].ports[0].port"])
        #expect(
            decoded.tree == (try JSONValue(parsing: #"{"metadata":{"name":"a"},"spec":{"containers":[{"name":"a"},{"name":"b","ports":[{}]}]}}"#)))
    }

    @Test(arguments: [
        (#"[]"#, "", "json: cannot unmarshal array into Go value of type v1.Pod"),
        (#"{"spec":3}"#, "spec", "json: cannot unmarshal number into Go struct field Pod.spec of type v1.PodSpec"),
        (
            #"{"spec":{"containers":"x"}}"#, "spec.containers",
            "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container"
        ),
        (
            #"{"spec":{"containers":[{"env":[{"value":5}]}]}}"#, "spec.containers[0].env[0].value",
            "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string"
        ),
        (
            #"{"metadata":{"labels":{"a":true}}}"#, "metadata.labels.a",
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string"
        ),
        (
            #"{"spec":{"priority":1.5}}"#, "spec.priority",
            "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32"
        ),
        (
            #"{"spec":{"priority":4294967296}}"#, "spec.priority",
            "json: cannot unmarshal number 4294967296 into Go struct field PodSpec.spec.priority of type int32"
        ),
        (
            #"{"spec":{"hostNetwork":"yes"}}"#, "spec.hostNetwork",
            "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool"
        ),
        (
            #"{"spec":{"overhead":{"cpu":"lots"}}}"#, "spec.overhead.cpu",
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        ),
        (
            #"{"spec":{"containers":[{"livenessProbe":{"tcpSocket":{"port":true}}}]}}"#, "spec.containers[0].livenessProbe.tcpSocket.port",
            "json: cannot unmarshal bool into Go value of type int32"
        ),
        (
            #"{"metadata":{"creationTimestamp":"yesterday"}}"#, "metadata.creationTimestamp",
            #"parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006""#
        ),
    ])
    func wrongTypes(_ input: String, _ path: String, _ description: String) throws {
        let error = #expect(throws: SchemaError.self) { try decode("Pod", input) }
        #expect(error?.path == path)
        #expect(error?.description == description)
    }

    @Test func bytes() throws {
        #expect(try decode("Secret", #"{"data":{"a":"aGVs\nbG8=","b":""}}"#).tree == ["data": ["a": "aGVsbG8=", "b": ""]])
        #expect(throws: SchemaError.self) { try decode("Secret", #"{"data":{"a":"*"}}"#) }
    }

    @Test func rawValuesStay() throws {
        let text = #"{"kind":"ControllerRevision","data":{"any":[null,{"x":[]}]},"revision":1}"#
        #expect(try decode("ControllerRevision", text, group: "apps").tree == (try JSONValue(parsing: text)))
    }

    @Test func defaults() throws {
        let inner = Schema(
            name: "x.v1.Inner", openAPIName: "x.v1.Inner",
            fields: [Schema.Field(name: "port", type: .int32), Schema.Field(name: "protocol", type: .string, defaultValue: "TCP")])
        let outer = Schema(
            name: "x.v1.Outer", openAPIName: "x.v1.Outer",
            fields: [
                Schema.Field(name: "ports", type: .array(.object(Schema.Reference(inner)))),
                Schema.Field(name: "one", type: .object(Schema.Reference(inner)), defaultValue: [:]),
                Schema.Field(name: "named", type: .map(.object(Schema.Reference(inner)))),
            ])
        var tree: JSONValue = ["ports": [["port": 1], ["protocol": "UDP"]], "named": ["a": [:]]]
        outer.applyDefaults(to: &tree)
        #expect(
            tree == [
                "ports": [["port": 1, "protocol": "TCP"], ["protocol": "UDP"]], "one": ["protocol": "TCP"], "named": ["a": ["protocol": "TCP"]],
            ])
    }
}
