import JSON
import KubernetesAPI
import Testing

@testable import APIServer

@Suite("Wire formats")
struct WireFormatTests {
    private static let deployment = #"""
        {"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","labels":{"b":"2","a":"on"},"creationTimestamp":"2026-01-02T03:04:05Z"},
        "spec":{"replicas":0,"selector":{"matchLabels":{"a":"1"}},"strategy":{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":1}},
        "template":{"metadata":{},"spec":{"containers":[{"name":"c","image":"x:1","args":["true","1.50","~",""],"resources":{"limits":{"cpu":"1500m"}}}]}}}}
        """#

    @Test("an object is the same in every form", arguments: WireFormat.allCases, WireFormat.allCases)
    func everyForm(first: WireFormat, second: WireFormat) throws {
        let object = try WireFormat.json.decode(Array(Self.deployment.utf8)).object
        let once = try first.decode(first.encode(object)).object
        #expect(once == object)
        let twice = try second.decode(second.encode(once)).object
        #expect(try WireFormat.protobuf.encode(twice) == WireFormat.protobuf.encode(object))
    }

    @Test("what a kind does not have is left out and told")
    func unknown() throws {
        let (object, issues) = try WireFormat.json.decode(Array(#"{"kind":"Pod","apiVersion":"v1","spec":{"x":1,"nodeName":"n"}}"#.utf8))
        #expect(issues == [#"unknown field "spec.x""#])
        #expect(object["spec"] == ["nodeName": "n"])
    }

    @Test("a document that does not say what it is")
    func unnamed() throws {
        let kind = GroupVersionKind(group: "", version: "v1", kind: "ConfigMap")
        #expect(throws: WireError.self) { try WireFormat.json.decode(Array(#"{"data":{"a":"b"}}"#.utf8)) }
        #expect(try WireFormat.json.decode(Array(#"{"data":{"a":"b"}}"#.utf8), as: kind).object.text("kind") == "ConfigMap")
        let event = GroupVersionKind(group: "", version: "v1", kind: "WatchEvent")
        let tree = try WireFormat.json.decode(Array(#"{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1"}}"#.utf8), as: event).object
        #expect(tree["kind"] == nil)
        #expect(try WireFormat.protobuf.decode(WireFormat.protobuf.encode(tree, as: event), as: event).object == tree)
    }

    @Test("versions that are not served any more, options, and lists of what they have")
    func otherKinds() throws {
        for text in [
            #"{"kind":"Ingress","apiVersion":"extensions/v1beta1","spec":{"rules":[{"host":"h","http":{"paths":[{"path":"/"}]}}]}}"#,
            #"{"kind":"ListOptions","apiVersion":"apps/v1","limit":5}"#,
            #"{"kind":"ValidatingWebhookConfiguration","apiVersion":"admissionregistration.k8s.io/v1beta1","webhooks":[{"name":"w"}]}"#,
            #"{"kind":"PodDisruptionBudget","apiVersion":"policy/v1","status":{"disruptedPods":{"p":null}}}"#,
            #"{"kind":"PodExecOptions","apiVersion":"v1","command":["a","b"],"stdin":true}"#,
        ] {
            let (object, issues) = try WireFormat.json.decode(Array(text.utf8))
            #expect(issues.isEmpty, "\(text)")
            #expect(try object == JSONValue(parsing: text))
            #expect(try WireFormat.protobuf.decode(WireFormat.protobuf.encode(object)).object == object)
        }
    }
}
