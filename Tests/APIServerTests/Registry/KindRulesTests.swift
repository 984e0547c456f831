import JSON
import Testing

@testable import APIServer

/// The rules of the kinds that nothing in this program computes with.
@Suite("Rules of further kinds")
struct KindRulesTests {
    private static let flows = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"
    private static let levels = "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations"
    private static let storage = "/apis/storage.k8s.io/v1/"
    private static let claims = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims"
    private static let admission = "/apis/admissionregistration.k8s.io/v1/"

    private static func webhook(_ fields: String) -> String {
        #"{"metadata":{"name":"w"},"webhooks":[{"name":"a.b.c","sideEffects":"None","admissionReviewVersions":["v1"],"clientConfig":{"url":"https://x"},"#
            + fields + "}]}"
    }

    private static func policy(_ spec: String) -> String {
        #"{"metadata":{"name":"p"},"spec":{"matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":["apps"],"apiVersions":["v1"],"resources":["deployments"]}]},\#(spec)}}"#
    }

    @Test(
        "what is wrong, and where",
        arguments: [
            (
                flows, #"{"metadata":{"name":"f"},"spec":{"priorityLevelConfiguration":{"name":"x"},"matchingPrecedence":1}}"#,
                #"FlowSchema.flowcontrol.apiserver.k8s.io "f" is invalid: spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"#
            ),
            (
                flows, #"{"metadata":{"name":"f"},"spec":{"priorityLevelConfiguration":{},"rules":[{"subjects":[{"kind":"User"}]}]}}"#,
                #"FlowSchema.flowcontrol.apiserver.k8s.io "f" is invalid: [spec.priorityLevelConfiguration.name: Required value: must reference a priority level, spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User', spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty]"#
            ),
            (
                levels, #"{"metadata":{"name":"l"},"spec":{"type":"Exempt","exempt":{}}}"#,
                #"PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io "l" is invalid: spec.type: Invalid value: "Exempt": type must be 'Exempt' if and only if name is 'exempt'"#
            ),
            (
                levels,
                #"{"metadata":{"name":"l"},"spec":{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":4,"handSize":5}}}}}"#,
                #"PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io "l" is invalid: spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater than queues (4)"#
            ),
            (
                storage + "volumeattributesclasses", #"{"metadata":{"name":"v"},"driverName":"d"}"#,
                #"VolumeAttributesClass.storage.k8s.io "v" is invalid: parameters: Required value: must contain at least one key/value pair"#
            ),
            (
                storage + "volumeattachments", #"{"metadata":{"name":"v"},"spec":{"attacher":"d","nodeName":"n","source":{}}}"#,
                #"VolumeAttachment.storage.k8s.io "v" is invalid: spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"#
            ),
            (
                storage + "csinodes", #"{"metadata":{"name":"n"},"spec":{"drivers":[{"name":"d","nodeID":"1"},{"name":"d","nodeID":"2"}]}}"#,
                #"CSINode.storage.k8s.io "n" is invalid: spec.drivers[1].name: Duplicate value: "d""#
            ),
            (
                claims, #"{"metadata":{"name":"c"},"spec":{"devices":{"requests":[{"name":"r"}]}}}"#,
                #"ResourceClaim.resource.k8s.io "c" is invalid: spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required"#
            ),
            (
                claims,
                #"{"metadata":{"name":"c"},"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"g","allocationMode":"All","count":2}}]}}}"#,
                #"ResourceClaim.resource.k8s.io "c" is invalid: spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'"#
            ),
            (
                admission + "validatingwebhookconfigurations", webhook(#""timeoutSeconds":31"#),
                #"ValidatingWebhookConfiguration.admissionregistration.k8s.io "w" is invalid: webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds"#
            ),
            (
                admission + "mutatingwebhookconfigurations",
                webhook(#""rules":[{"operations":["*","CREATE"],"apiGroups":["a"],"apiVersions":["v1"],"resources":["x"]}]"#),
                #"MutatingWebhookConfiguration.admissionregistration.k8s.io "w" is invalid: webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations"#
            ),
            (
                admission + "validatingadmissionpolicies", policy(#""validations":[{"expression":" "}]"#),
                #"ValidatingAdmissionPolicy.admissionregistration.k8s.io "p" is invalid: spec.validations[0].expression: Required value: expression is not specified"#
            ),
            (
                admission + "validatingadmissionpolicybindings",
                #"{"metadata":{"name":"b"},"spec":{"policyName":"p","validationActions":["Deny","Maybe"]}}"#,
                #"ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io "b" is invalid: spec.validationActions[1]: Unsupported value: "Maybe": supported values: "Audit", "Deny", "Warn""#
            ),
            (
                admission + "mutatingadmissionpolicies", policy(#""reinvocationPolicy":"Never","mutations":[{"patchType":"JSONPatch"}]"#),
                #"MutatingAdmissionPolicy.admissionregistration.k8s.io "p" is invalid: spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch"#
            ),
            (
                "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
                #"{"metadata":{"name":"h"},"spec":{"maxReplicas":2,"scaleTargetRef":{"kind":"Deployment","name":"d"},"metrics":[{"type":"Pods","pods":{"metric":{"name":"m"},"target":{"type":"Value","value":"1"}}}],"behavior":{"scaleUp":{"policies":[{"type":"Pods","value":0,"periodSeconds":1801}]}}}}"#,
                #"HorizontalPodAutoscaler.autoscaling "h" is invalid: [spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue, spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero, spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800]"#
            ),
            (
                "/apis/apiregistration.k8s.io/v1/apiservices",
                #"{"metadata":{"name":"v1.x"},"spec":{"group":"example.com","version":"v1","groupPriorityMinimum":1,"versionPriority":1}}"#,
                #"APIService.apiregistration.k8s.io "v1.x" is invalid: metadata.name: Invalid value: "v1.x": must be `spec.version+"."+spec.group`: "v1.example.com""#
            ),
        ])
    func messages(_ path: String, _ body: String, _ message: String) async throws {
        let server = try await TestServer()
        let reply = await server.call("POST", path, bytes: Array(body.utf8))
        #expect(reply.status == 422)
        #expect(reply.message == message)
    }

    @Test("defaults, and what may not change")
    func changes() async throws {
        let server = try await TestServer()
        var hook = try await server.created(
            "POST", Self.admission + "mutatingwebhookconfigurations", try JSONValue(parsing: Self.webhook(#""rules":[]"#)))
        let made = hook.list("webhooks")[0]
        #expect(made.text("failurePolicy") == "Fail" && made.text("matchPolicy") == "Equivalent" && made.text("reinvocationPolicy") == "Never")
        #expect(made.number("timeoutSeconds") == 10)
        #expect(hook.number("metadata", "generation") == 1)
        hook["webhooks"] = [made, made]
        hook["webhooks"]?[1]?["name"] = "b.b.c"
        hook = try await server.created("PUT", Self.admission + "mutatingwebhookconfigurations/w", hook)
        #expect(hook.number("metadata", "generation") == 2)

        var claim = try await server.created(
            "POST", Self.claims,
            ["metadata": ["name": "c"], "spec": ["devices": ["requests": [["name": "r", "exactly": ["deviceClassName": "g"]]]]]])
        claim["spec"]?["devices"]?["requests"]?[0]?["name"] = "s"
        let refused = await server.call("PUT", Self.claims + "/c", claim)
        #expect(refused.status == 422 && refused.message.hasSuffix("field is immutable"))

        let fixed = await server.call(
            "PATCH", Self.flows + "/catch-all", ["spec": ["matchingPrecedence": 9999]],
            headers: ["Content-Type": "application/merge-patch+json"])
        #expect(fixed.message.hasSuffix("spec of 'catch-all' must equal the fixed value"))

        var attributes = try await server.created(
            "POST", Self.storage + "volumeattributesclasses", ["metadata": ["name": "v"], "driverName": "d", "parameters": ["a": "b"]])
        attributes["parameters"] = ["a": "c"]
        let kept = await server.call("PUT", Self.storage + "volumeattributesclasses/v", attributes)
        #expect(kept.message == #"VolumeAttributesClass.storage.k8s.io "v" is invalid: parameters: Forbidden: updates to parameters are forbidden."#)
    }
}
