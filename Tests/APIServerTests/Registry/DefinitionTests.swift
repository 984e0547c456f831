import JSON
import NIOHTTP1
import Testing

@testable import APIServer

/// CustomResourceDefinitions, as data.
@Suite("Definitions of custom resources")
struct DefinitionTests {
    private static let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

    private static func definition(
        schema: String = #"{"type":"object"}"#, version: String = "", spec: String = "", names: String = #""plural":"foos","kind":"Foo""#,
        versions: String? = nil, name: String = "foos.example.com", group: String = "example.com", annotations: String = "{}"
    ) -> String {
        let own = #"[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":\#(schema)}\#(version)}]"#
        return
            #"{"metadata":{"name":"\#(name)","annotations":\#(annotations)},"spec":{"group":"\#(group)","scope":"Namespaced","names":{\#(names)},"versions":\#(versions ?? own)\#(spec)}}"#
    }

    private static func properties(_ text: String, more: String = "") -> String {
        definition(schema: #"{"type":"object","properties":{"spec":{"type":"object","properties":{\#(text)}}}\#(more)}"#)
    }

    private static let place = "spec.validation.openAPIV3Schema"
    private static let inner = "\(place).properties[spec].properties"

    struct Mistake: Sendable {
        let body: String
        let words: String

        init(_ body: String, _ words: String) {
            self.body = body
            self.words = words
        }
    }

    private static let nameMistakes: [Mistake] = [
        Mistake(definition(name: "bars.example.com"), #"metadata.name: Invalid value: "bars.example.com": must be spec.names.plural+"."+spec.group"#),
        Mistake(
            definition(name: "foos.example", group: "example"),
            #"spec.group: Invalid value: "example": should be a domain with at least one dot"#),
        Mistake(
            definition(names: #""plural":"foos","kind":"Foo","listKind":"Foo""#),
            #"spec.names.listKind: Invalid value: "Foo": kind and listKind may not be the same"#),
        Mistake(
            definition(versions: #"[{"name":"v1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]"#),
            // Nothing is stored in any version, either.
            #"[spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version, status.storedVersions: Invalid value: []: must have at least one stored version]"#
        ),
        Mistake(definition(versions: #"[{"name":"v1","served":true,"storage":true}]"#), "spec.versions[0].schema.openAPIV3Schema: Required value"),
        Mistake(
            definition(
                versions:
                    #"[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}},{"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object","properties":{"a":{}}}}}]"#
            ),
            "spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields"),
    ]

    private static let typeMistakes: [Mistake] = [
        Mistake(definition(schema: "{}"), "\(place).type: Required value: must not be empty at the root"),
        Mistake(properties(#""a":{"type":"array"}"#), "\(inner)[a].items: Required value: must be specified"),
        Mistake(
            properties(#""a":{"type":"array","items":{}}"#), "\(inner)[a].items.type: Required value: must not be empty for specified array items"),
        Mistake(
            properties(#""a":{"type":"string","anyOf":[{"type":"string","minLength":1}]}"#),
            "\(inner)[a].anyOf[0].type: Forbidden: must be empty to be structural"),
        Mistake(
            properties(#""a":{"type":"string"}"#, more: #","allOf":[{"properties":{"c":{"minLength":1}}}]"#),
            "\(place).properties[c]: Required value: because it is defined in \(place).allOf[0].properties[c]"),
        Mistake(
            properties(#""a":{"type":"text"}"#),
            #"\#(inner)[a].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string""#),
    ]

    private static let listMistakes: [Mistake] = [
        Mistake(
            properties(#""a":{"type":"object","properties":{"b":{"type":"string"}},"additionalProperties":{"type":"string"}}"#),
            "\(inner)[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"),
        Mistake(
            properties(
                #""a":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","properties":{"k":{"type":"string"}}}}"#
            ),
            "\(inner)[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
        ),
        Mistake(
            properties(#""a":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"object"}}"#),
            "\(inner)[a].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set"),
        Mistake(
            properties(#""a":{"type":"string"}"#, more: #","nullable":true"#),
            "\(place).nullable: Forbidden: nullable cannot be true at the root"),
        Mistake(
            definition(schema: #"{"type":"object","properties":{"metadata":{"type":"object","properties":{"labels":{"type":"object"}}}}}"#),
            "\(place).properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified"
        ),
        Mistake(
            definition(
                schema: #"{"type":"object","required":["spec"],"x-kubernetes-map-type":"atomic"}"#, version: #","subresources":{"status":{}}"#),
            #"spec.validation.openAPIV3Schema: Invalid value: {"type":"object","required":["spec"],"x-kubernetes-map-type":"atomic"}: only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled"#
        ),
    ]

    private static let partMistakes: [Mistake] = [
        Mistake(
            definition(version: #","subresources":{"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".replicas"}}"#),
            #"spec.subresources.scale.statusReplicasPath: Invalid value: ".replicas": should be a json path under .status"#),
        Mistake(
            definition(version: #","additionalPrinterColumns":[{"name":"A","type":"text","jsonPath":"spec.a"}]"#),
            #"[spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string, spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec.a": must be a simple json path starting with .]"#
        ),
        Mistake(
            definition(version: #","selectableFields":[{"jsonPath":".spec.color"}]"#),
            #"spec.selectableFields[0].jsonPath: Invalid value: ".spec.color": is an invalid path: does not refer to a valid field"#),
        Mistake(
            definition(spec: #","conversion":{"strategy":"Webhook"}"#),
            "[spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook, spec.conversion.conversionReviewVersions: Required value]"
        ),
        Mistake(
            definition(
                spec:
                    #","conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"url":"http://x/y?z"},"conversionReviewVersions":["v2"]}}"#),
            #"[spec.conversion.webhookClientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path], spec.conversion.webhookClientConfig.url: Invalid value: "z": query parameters are not permitted in the URL, spec.conversion.conversionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1]"#
        ),
        Mistake(
            definition(spec: #","preserveUnknownFields":true"#),
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        ),
    ]

    private static let furtherMistakes: [Mistake] = [
        Mistake(
            definition(name: "foos.apps.k8s.io", group: "apps.k8s.io"),
            #"metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111"#
        ),
        Mistake(
            properties(##""a":{"type":"string","x-kubernetes-validations":[{"rule":" "},{"rule":"a\nb"}]}"##),
            "[\(inner)[a].x-kubernetes-validations[0].rule: Required value: rule is not specified, \(inner)[a].x-kubernetes-validations[1].message: Required value: message must be specified if rule contains line breaks]"
        ),
    ]

    @Test("what is wrong, and where", arguments: [nameMistakes, typeMistakes, listMistakes, partMistakes, furtherMistakes].flatMap(\.self))
    func messages(_ mistake: Mistake) async throws {
        let (body, words) = (mistake.body, mistake.words)
        let server = try await TestServer()
        let reply = await server.call("POST", Self.path, bytes: Array(body.utf8))
        #expect(reply.status == 422, "\(reply.text)")
        let name = try JSONValue(parsing: Array(body.utf8)).text("metadata", "name")
        #expect(reply.message == #"CustomResourceDefinition.apiextensions.k8s.io "\#(name)" is invalid: \#(words)"#)
    }

    private static let right: [String] = [
        definition(),
        definition(schema: #"{"type":"object","x-kubernetes-preserve-unknown-fields":true}"#),
        properties(#""a":{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}],"pattern":"^[0-9]+%?$"}"#),
        properties(#""a":{"type":"object","additionalProperties":{"type":"string"}},"b":{"type":"integer","format":"int32","default":3}"#),
        properties(#""a":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}}"#),
        definition(name: "foos.x.k8s.io", group: "x.k8s.io", annotations: #"{"api-approved.kubernetes.io":"unapproved, an experiment"}"#),
        definition(
            name: "foos.x.k8s.io", group: "x.k8s.io", annotations: #"{"api-approved.kubernetes.io":"https://github.com/kubernetes/x/pull/1"}"#),
    ]

    @Test("what is right", arguments: right)
    func accepted(_ body: String) async throws {
        let server = try await TestServer()
        let reply = await server.call("POST", Self.path, bytes: Array(body.utf8))
        #expect(reply.status == 201, "\(reply.text)")
        #expect(reply.headers["Warning"] == [])
    }

    @Test("defaults, the stored versions, and what may not change")
    func changes() async throws {
        let server = try await TestServer()
        let body = Self.definition(
            spec:
                #","conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"service":{"namespace":"a","name":"b"}},"conversionReviewVersions":["v1"]}}"#
        )
        var definition = try await server.created("POST", Self.path, try JSONValue(parsing: Array(body.utf8)))
        #expect(definition.at("spec", "names") == ["plural": "foos", "kind": "Foo", "singular": "foo", "listKind": "FooList"])
        #expect(definition.at("spec", "conversion", "webhook", "clientConfig", "service", "port") == 443)
        #expect(definition.list("status", "storedVersions") == ["v1"])
        #expect(definition.number("metadata", "generation") == 1)

        // Another version comes to be stored; that one was is not forgotten.
        let second = try JSONValue(
            parsing: Array(#"{"name":"v2","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}"#.utf8))
        definition["spec"]?["versions"]?[0]?["storage"] = false
        let both = definition.list("spec", "versions") + [second]
        definition["spec"]?["versions"] = .array(both)
        definition = try await server.created("PUT", Self.path + "/foos.example.com", definition)
        #expect(definition.list("status", "storedVersions") == ["v1", "v2"])
        #expect(definition.number("metadata", "generation") == 2)
        var without = definition
        without["spec"]?["versions"] = [second]
        let refused = await server.call("PUT", Self.path + "/foos.example.com", without)
        #expect(
            refused.message.contains(
                "status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions; v1 was previously a storage version"))

        var unconditional = definition
        unconditional["metadata"]?["resourceVersion"] = nil
        #expect(await server.call("PUT", Self.path + "/foos.example.com", unconditional).message.hasSuffix("must be specified for an update"))

        // The scope is free until the definition is established.
        definition["spec"]?["scope"] = "Cluster"
        definition = try await server.created("PUT", Self.path + "/foos.example.com", definition)
        // Conditions are taken as they come, also ones without a type.
        definition["status"]?["conditions"] = [["type": "Established", "status": "True"], ["message": "a test", "type": "", "status": ""]]
        definition = try await server.created("PUT", Self.path + "/foos.example.com/status", definition)
        #expect(definition.list("status", "conditions").count == 2)
        definition["spec"]?["scope"] = "Namespaced"
        definition["spec"]?["group"] = "example.org"
        let fixed = await server.call("PUT", Self.path + "/foos.example.com", definition)
        #expect(
            fixed.message
                == #"CustomResourceDefinition.apiextensions.k8s.io "foos.example.com" is invalid: [spec.scope: Invalid value: "Namespaced": field is immutable, spec.group: Invalid value: "example.org": field is immutable]"#
        )
    }

    @Test("formats that nobody knows")
    func warnings() async throws {
        let server = try await TestServer()
        let body = Self.properties(#""a":{"type":"string","format":"shoe-size"},"b":{"type":"string","format":"date-time"}"#)
        let reply = await server.call("POST", Self.path, bytes: Array(body.utf8))
        #expect(reply.headers["Warning"] == [#"299 - "unrecognized format \"shoe-size\"""#])
        // Not again by whoever did not bring it in.
        var again = reply.body
        again["metadata"]?["labels"] = ["a": "b"]
        #expect(await server.call("PUT", Self.path + "/foos.example.com", again).headers["Warning"] == [])
    }
}
