import JSON
import KubernetesAPI
import Testing

/// A type with every kind of list and map that merging knows.
private let itemSchema = Schema(
    name: "test.Item", openAPIName: "test.Item",
    fields: [
        Schema.Field(name: "name", type: .string), Schema.Field(name: "value", type: .string), Schema.Field(name: "other", type: .string),
        Schema.Field(name: "tags", type: .array(.string), patchStrategy: .merge),
        Schema.Field(name: "labels", type: .map(.string)),
    ])

private let schema = Schema(
    name: "test.Object", openAPIName: "test.Object",
    fields: [
        Schema.Field(name: "items", type: .array(.object(.init(itemSchema))), patchStrategy: .merge, patchMergeKey: "name"),
        Schema.Field(name: "atomic", type: .array(.object(.init(itemSchema)))),
        Schema.Field(name: "words", type: .array(.string), patchStrategy: .merge),
        Schema.Field(name: "numbers", type: .array(.int32)),
        Schema.Field(name: "item", type: .object(.init(itemSchema))),
        Schema.Field(name: "whole", type: .object(.init(itemSchema)), patchStrategy: .replace),
        Schema.Field(name: "union", type: .object(.init(itemSchema)), patchStrategy: .retainKeys),
        Schema.Field(name: "labels", type: .map(.string)),
        Schema.Field(name: "keyless", type: .array(.object(.init(itemSchema))), patchStrategy: .merge),
        Schema.Field(name: "lists", type: .array(.array(.string)), patchStrategy: .merge),
    ])

@Suite struct StrategicMergePatchTests {
    @Test(
        arguments: [
            // Objects and scalars.
            (#"{"a":1}"#, #"{"b":2}"#, #"{"a":1,"b":2}"#), (#"{"a":1,"b":2}"#, #"{"a":null}"#, #"{"b":2}"#), (#"{}"#, #"{"a":null}"#, #"{}"#),
            (#"{"item":{"name":"x","value":"1"}}"#, #"{"item":{"value":"2"}}"#, #"{"item":{"name":"x","value":"2"}}"#),
            (#"{"labels":{"a":"1","b":"2"}}"#, #"{"labels":{"a":null,"c":"3"}}"#, #"{"labels":{"b":"2","c":"3"}}"#),
            (#"{}"#, #"{"labels":{"a":null,"c":"3"}}"#, #"{"labels":{"c":"3"}}"#), (#"{"item":{"name":"x"}}"#, #"{"item":null}"#, #"{}"#),
            (#"{"a":1}"#, #"{"a":{"b":1}}"#, #"{"a":{"b":1}}"#), (#"{"a":{"b":1}}"#, #"{"a":"x"}"#, #"{"a":"x"}"#),
            (#"{"a":null}"#, #"{"a":{"b":1}}"#, #"{"a":{"b":1}}"#),
            // $patch in objects.
            (#"{"item":{"name":"x","value":"1"}}"#, #"{"item":{"$patch":"replace","other":"2"}}"#, #"{"item":{"other":"2"}}"#),
            (#"{"item":{"name":"x"}}"#, #"{"item":{"$patch":"delete"}}"#, #"{"item":{}}"#),
            (#"{"a":1}"#, #"{"$patch":"replace","b":2}"#, #"{"b":2}"#),
            (#"{"a":1}"#, #"{"$patch":"delete"}"#, #"{}"#),
            (#"{"whole":{"name":"x","value":"1"}}"#, #"{"whole":{"value":"2"}}"#, #"{"whole":{"value":"2"}}"#),
            (#"{}"#, #"{"item":{"$patch":"delete"}}"#, #"{}"#),
            (#"{}"#, #"{"item":{"name":"x","tags":[],"labels":{"$patch":"replace"}}}"#, #"{"item":{"name":"x","tags":[]}}"#),
            // Lists of objects by merge key.
            (
                #"{"items":[{"name":"a","value":"1"},{"name":"b","value":"2"}]}"#, #"{"items":[{"name":"b","value":"3"},{"name":"c","value":"4"}]}"#,
                #"{"items":[{"name":"a","value":"1"},{"name":"b","value":"3"},{"name":"c","value":"4"}]}"#
            ),
            (#"{"items":[{"name":"a"},{"name":"b"}]}"#, #"{"items":[{"$patch":"delete","name":"a"}]}"#, #"{"items":[{"name":"b"}]}"#),
            (#"{"items":[{"name":"a"}]}"#, #"{"items":[{"$patch":"delete","name":"z"}]}"#, #"{"items":[{"name":"a"}]}"#),
            (#"{"items":[{"name":"a"},{"name":"b"}]}"#, #"{"items":[{"$patch":"replace"},{"name":"c"}]}"#, #"{"items":[{"name":"c"}]}"#),
            (#"{"items":[{"name":"a"}]}"#, #"{"items":[{"$patch":"replace"}]}"#, #"{"items":[]}"#),
            (#"{"items":[{"name":"a"}]}"#, #"{"items":null}"#, #"{}"#),
            (#"{"items":[{"name":"a"}]}"#, #"{"items":[]}"#, #"{"items":[{"name":"a"}]}"#),
            (#"{}"#, #"{"items":[{"$patch":"delete","name":"a"},{"name":"b"}]}"#, #"{"items":[{"name":"b"}]}"#),
            (
                #"{"items":[{"name":"a","tags":["x"],"labels":{"k":"1"}}]}"#, #"{"items":[{"name":"a","tags":["y"],"labels":{"k":null,"l":"2"}}]}"#,
                #"{"items":[{"name":"a","tags":["y","x"],"labels":{"l":"2"}}]}"#
            ),
            (
                #"{"items":[{"name":"a"}]}"#, #"{"items":[{"name":"c","value":null},{"name":"b"}]}"#,
                #"{"items":[{"name":"c"},{"name":"b"},{"name":"a"}]}"#
            ),
            (
                #"{"items":[{"name":"a"},{"name":"b"},{"name":"c"}]}"#, #"{"items":[{"name":"c","value":"1"},{"name":"a","value":"2"}]}"#,
                #"{"items":[{"name":"b"},{"name":"c","value":"1"},{"name":"a","value":"2"}]}"#
            ),
            // Lists that are not merged.
            (#"{"atomic":[{"name":"a"}]}"#, #"{"atomic":[{"name":"b","value":null}]}"#, #"{"atomic":[{"name":"b"}]}"#),
            (#"{"numbers":[1,2]}"#, #"{"numbers":[3]}"#, #"{"numbers":[3]}"#),
            (#"{"unknown":[{"name":"a"}]}"#, #"{"unknown":[{"name":"b"}]}"#, #"{"unknown":[{"name":"b"}]}"#),
            // Lists of scalars.
            (#"{"words":["a","b"]}"#, #"{"words":["c","a"]}"#, #"{"words":["c","a","b"]}"#),
            (#"{"words":["a","b","a"]}"#, #"{"words":["b"]}"#, #"{"words":["a","b"]}"#),
            (#"{"words":["a","b","c"]}"#, #"{"$deleteFromPrimitiveList/words":["a","c","z"]}"#, #"{"words":["b"]}"#),
            (#"{}"#, #"{"$deleteFromPrimitiveList/words":["a"]}"#, #"{}"#),
            (#"{"words":["a","b"]}"#, #"{"$deleteFromPrimitiveList/words":["a"],"words":["c"]}"#, #"{"words":["c","b"]}"#),
            // Order.
            (
                #"{"items":[{"name":"a"},{"name":"b"},{"name":"c"}]}"#, #"{"$setElementOrder/items":[{"name":"c"},{"name":"a"},{"name":"b"}]}"#,
                #"{"items":[{"name":"c"},{"name":"a"},{"name":"b"}]}"#
            ),
            (
                #"{"items":[{"name":"a"},{"name":"b"}]}"#,
                #"{"$setElementOrder/items":[{"name":"c"},{"name":"a"}],"items":[{"name":"c","value":"1"}]}"#,
                #"{"items":[{"name":"c","value":"1"},{"name":"a"},{"name":"b"}]}"#
            ),
            (
                #"{"items":[{"name":"a"},{"name":"b"}]}"#,
                #"{"$setElementOrder/items":[{"name":"b"},{"name":"c"}],"items":[{"$patch":"delete","name":"a"},{"name":"c"}]}"#,
                #"{"items":[{"name":"b"},{"name":"c"}]}"#
            ),
            (#"{"words":["a","b","c","d"]}"#, #"{"$setElementOrder/words":["d","x","a"],"words":["x"]}"#, #"{"words":["b","c","d","x","a"]}"#),
            (
                #"{}"#, #"{"$setElementOrder/items":[{"name":"b"},{"name":"a"}],"items":[{"name":"b"},{"name":"a"}]}"#,
                #"{"items":[{"name":"b"},{"name":"a"}]}"#
            ),
            (#"{"a":1}"#, #"{"$setElementOrder/items":[{"name":"b"}]}"#, #"{"a":1}"#),
            (#"{"items":[]}"#, #"{"$setElementOrder/items":[],"items":[]}"#, #"{"items":[]}"#),
            (
                #"{"item":{"tags":["a"]}}"#, #"{"item":{"$setElementOrder/tags":["b","a"],"tags":["b"]}}"#, #"{"item":{"tags":["b","a"]}}"#
            ),
            // retainKeys.
            (
                #"{"union":{"name":"x","value":"1"}}"#, #"{"union":{"$retainKeys":["name","other"],"other":"2"}}"#,
                #"{"union":{"name":"x","other":"2"}}"#
            ),
            (#"{"union":{"name":"x","value":"1"}}"#, #"{"union":{"$retainKeys":["name"],"value":null}}"#, #"{"union":{"name":"x"}}"#),
            (#"{}"#, #"{"union":{"$retainKeys":["name"],"name":"x"}}"#, #"{"union":{"name":"x"}}"#),
        ] as [(String, String, String)])
    func applies(_ document: String, _ patch: String, _ expected: String) throws {
        let result = try StrategicMergePatch.apply(JSONValue(parsing: patch), to: JSONValue(parsing: document), schema: schema)
        #expect(result == (try JSONValue(parsing: expected)))
    }

    @Test(
        arguments: [
            (
                #"{"items":[{"name":"a"}]}"#, #"{"items":[{"value":"1"}]}"#, PatchError.Kind.inconsistent,
                "map: map[value:1] does not contain declared merge key: name"
            ),
            (
                #"{"items":[{"value":"1"}]}"#, #"{"items":[{"name":"a"}]}"#, .inconsistent,
                "map: map[value:1] does not contain declared merge key: name"
            ),
            (
                #"{"items":[{"name":"a"}]}"#, #"{"items":[{"$patch":"delete"}]}"#, .inconsistent,
                "map: map[$patch:delete] does not contain declared merge key: name"
            ),
            (#"{"items":[{"name":"a"}]}"#, #"{"items":[{"$patch":"merge"}]}"#, .inconsistent, "merging lists cannot yet be specified in the patch"),
            (
                #"{"items":[{"name":"a"}]}"#, #"{"items":[{"$patch":"x","name":"a"}]}"#, .inconsistent,
                "unknown patch type: x in map: map[$patch:x name:a]"
            ),
            (#"{"a":1}"#, #"{"$patch":"merge"}"#, .inconsistent, "unknown patch type: merge in map: map[$patch:merge]"),
            (#"{"items":[{"name":"a"}]}"#, #"{"items":["a"]}"#, .inconsistent, "list element types are not identical: [a]"),
            (#"{"keyless":[{"name":"a"}]}"#, #"{"keyless":[{"name":"b"}]}"#, .inconsistent, "cannot merge lists without merge key for test.Item"),
            (#"{"lists":[["a"]]}"#, #"{"lists":[["b"]]}"#, .notApplicable, "lists of lists are not supported"),
            (#"{"words":["a"]}"#, #"{"$deleteFromPrimitiveList":["a"]}"#, .malformed, "invalid patch format of primitive list"),
            (#"{"words":["a"]}"#, #"{"$setElementOrder":["a"]}"#, .malformed, "invalid patch format of setElementOrder list"),
            (#"{"words":["a"]}"#, #"{"$setElementOrder/words":"a"}"#, .inconsistent, "expected a []interface {}, but received a string"),
            (
                #"{"words":["a"]}"#, #"{"$setElementOrder/words":["a"],"words":["b"]}"#, .inconsistent,
                "The order in patch list:\n[b]\n doesn't match $setElementOrder list:\n[a]\n"
            ),
            (#"{"union":{}}"#, #"{"union":{"$retainKeys":["name"],"value":"1"}}"#, .malformed, "invalid patch format of retainKeys"),
            (#"{"union":{}}"#, #"{"union":{"$retainKeys":"name"}}"#, .malformed, "invalid patch format of retainKeys"),
            (#"{}"#, "[]", .malformed, "invalid JSON document"),
        ] as [(String, String, PatchError.Kind, String)])
    func refuses(_ document: String, _ patch: String, _ kind: PatchError.Kind, _ message: String) {
        let error = #expect(throws: PatchError.self) {
            try StrategicMergePatch.apply(JSONValue(parsing: patch), to: JSONValue(parsing: document), schema: schema)
        }
        #expect(error?.description == message)
        #expect(error?.kind == kind)
    }

    @Test func withoutSchema() throws {
        #expect(try StrategicMergePatch.apply(["a": ["b": [1]]], to: ["a": ["b": [2], "c": 3]], schema: nil) == ["a": ["b": [1], "c": 3]])
        #expect(try StrategicMergePatch.apply(["a": 1], to: .null, schema: nil) == ["a": 1])
    }

    /// What `kubectl set image` and `kubectl apply` send, against the real schema.
    @Test func builtInTypes() throws {
        let deployment: JSONValue = [
            "spec": [
                "replicas": 3, "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1]],
                "template": [
                    "spec": [
                        "containers": [
                            [
                                "name": "web", "image": "web:1", "ports": [["containerPort": 80], ["containerPort": 443]],
                                "env": [["name": "A", "value": "1"]],
                            ],
                            ["name": "side", "image": "side:1"],
                        ],
                        "volumes": [["name": "v", "emptyDir": [:]]],
                    ]
                ],
            ]
        ]
        let patch: JSONValue = [
            "spec": [
                "strategy": ["$retainKeys": ["type"], "type": "Recreate"],
                "template": [
                    "spec": [
                        "$setElementOrder/containers": [["name": "side"], ["name": "web"]],
                        "containers": [
                            [
                                "name": "web", "image": "web:2", "env": [["name": "A", "$patch": "delete"], ["name": "B", "value": "2"]],
                                "ports": [["containerPort": 80, "name": "http"]],
                            ]
                        ],
                        "volumes": [["name": "v", "$retainKeys": ["name", "secret"], "secret": ["secretName": "s"]]],
                    ]
                ],
            ]
        ]
        let result = try StrategicMergePatch.apply(patch, to: deployment, schema: Schema.of(group: "apps", version: "v1", kind: "Deployment"))
        #expect(
            result == [
                "spec": [
                    "replicas": 3, "strategy": ["type": "Recreate"],
                    "template": [
                        "spec": [
                            "containers": [
                                ["name": "side", "image": "side:1"],
                                [
                                    "name": "web", "image": "web:2", "ports": [["containerPort": 80, "name": "http"], ["containerPort": 443]],
                                    "env": [["name": "B", "value": "2"]],
                                ],
                            ],
                            "volumes": [["name": "v", "secret": ["secretName": "s"]]],
                        ]
                    ],
                ]
            ])
    }
}
