import JSON
import NIOHTTP1
import Testing

@testable import APIServer

@Suite("Validation messages")
struct ValidationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let body: String
        let message: String
        var testDescription: String { message }

        init(_ path: String, _ body: String, _ message: String) {
            self.path = path
            self.body = body
            self.message = message
        }
    }

    private static let pods = "/api/v1/namespaces/default/pods"
    private static let services = "/api/v1/namespaces/default/services"
    private static let deployments = "/apis/apps/v1/namespaces/default/deployments"
    private static let cronJobs = "/apis/batch/v1/namespaces/default/cronjobs"
    private static let jobs = "/apis/batch/v1/namespaces/default/jobs"
    private static let statefulSets = "/apis/apps/v1/namespaces/default/statefulsets"

    private static func cronJob(_ spec: String) -> String {
        #"{"metadata":{"name":"c"},"spec":{\#(spec),"jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"x"}]}}}}}}"#
    }

    private static func job(_ spec: String) -> String {
        #"{"metadata":{"name":"j"},"spec":{\#(spec),"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"x"}]}}}}"#
    }

    private static func statefulSet(_ spec: String) -> String {
        #"{"metadata":{"name":"s"},"spec":{\#(spec),"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}"#
    }

    static let cases: [Case] = [
        Case(
            cronJobs, cronJob(#""schedule":"* * * * 7""#),
            #"CronJob.batch "c" is invalid: spec.schedule: Invalid value: "* * * * 7": end of range (7) above maximum (6): 7"#),
        Case(
            cronJobs, cronJob(#""schedule":"TZ=UTC * * * * *""#),
            #"CronJob.batch "c" is invalid: spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead"#
        ),
        Case(
            cronJobs, cronJob(#""schedule":"* * * * *","timeZone":"Mars/Olympus""#),
            #"CronJob.batch "c" is invalid: spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus"#),
        Case(
            jobs, job(#""successPolicy":{"rules":[{"succeededCount":1}]}"#),
            #"Job.batch "j" is invalid: spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode"#),
        Case(
            jobs, job(#""completionMode":"Indexed","completions":3,"successPolicy":{"rules":[{"succeededIndexes":"0,5"}]}"#),
            #"Job.batch "j" is invalid: spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0,5": too large index: "5""#),
        Case(
            statefulSets, statefulSet(#""updateStrategy":{"rollingUpdate":{"maxUnavailable":0}}"#),
            #"StatefulSet.apps "s" is invalid: spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0"#),
        Case(
            pods, #"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c"}]}}"#,
            #"Pod "p" is invalid: spec.containers[0].image: Required value"#),
        Case(pods, #"{"metadata":{"name":"p"},"spec":{}}"#, #"Pod "p" is invalid: spec.containers: Required value"#),
        Case(
            pods, #"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"x"},{"name":"c","image":"x"}]}}"#,
            #"Pod "p" is invalid: spec.containers[1].name: Duplicate value: "c""#),
        Case(
            pods, #"{"metadata":{"name":"p"},"spec":{"restartPolicy":"Sometimes","containers":[{"name":"c","image":"x"}]}}"#,
            #"Pod "p" is invalid: spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never""#),
        Case(
            pods, #"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"x","volumeMounts":[{"name":"v","mountPath":"/v"}]}]}}"#,
            #"Pod "p" is invalid: spec.containers[0].volumeMounts[0].name: Not found: "v""#),
        Case(
            pods,
            #"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"x","resources":{"requests":{"cpu":"2"},"limits":{"cpu":"1"}}}]}}"#,
            #"Pod "p" is invalid: spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1"#),
        Case(
            deployments,
            #"{"metadata":{"name":"d"},"spec":{"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}"#,
            #"Deployment.apps "d" is invalid: spec.selector: Required value"#),
        Case(
            deployments,
            #"{"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"z"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}"#,
            #"Deployment.apps "d" is invalid: spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`"#),
        Case(
            deployments,
            #"{"metadata":{"name":"d"},"spec":{"replicas":-1,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}"#,
            #"Deployment.apps "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"#),
        Case(services, #"{"metadata":{"name":"s"},"spec":{}}"#, #"Service "s" is invalid: spec.ports: Required value"#),
        Case(
            services, #"{"metadata":{"name":"s"},"spec":{"ports":[{"port":70000}]}}"#,
            #"Service "s" is invalid: [spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive, spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive]"#
        ),
        Case(
            "/api/v1/namespaces/default/configmaps", #"{"metadata":{"name":"c","labels":{"a b":"x"}}}"#,
            #"ConfigMap "c" is invalid: metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"#
        ),
        Case(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles", #"{"metadata":{"name":"r"},"rules":[{"resources":["pods"]}]}"#,
            #"ClusterRole.rbac.authorization.k8s.io "r" is invalid: [rules[0].verbs: Required value: verbs must contain at least one value, rules[0].apiGroups: Required value: resource rules must supply at least one api group]"#
        ),
    ]

    @Test("create refuses with upstream's words", arguments: cases)
    func refused(_ example: Case) async throws {
        let server = try await TestServer()
        let reply = await server.call("POST", example.path, bytes: Array(example.body.utf8))
        #expect(reply.status == 422)
        #expect(reply.reason == "Invalid")
        #expect(reply.message == example.message)
        #expect(reply.body.list("details", "causes").isEmpty == false)
    }

    @Test("wrong types and broken documents")
    func decoding() async throws {
        let server = try await TestServer()
        let wrongType = await server.call(
            "POST", Self.deployments,
            bytes: Array(#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":"3"}}"#.utf8))
        #expect(wrongType.status == 400)
        #expect(
            wrongType.message.hasPrefix(
                "Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field"))
        let broken = await server.call("POST", Self.pods, bytes: Array("{".utf8))
        #expect(broken.status == 400)
        let otherKind = await server.call("POST", Self.pods, ["apiVersion": "v1", "kind": "Service", "metadata": ["name": "s"]])
        #expect(otherKind.status == 400)
        #expect(otherKind.message.hasPrefix("Service in version \"v1\" cannot be handled as a Pod"))
        let otherVersion = await server.call("POST", Self.deployments, ["apiVersion": "apps/v1beta1", "kind": "Deployment"])
        #expect(otherVersion.message == "the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)")
        let media = await server.call("POST", Self.pods, bytes: [1], headers: ["Content-Type": "text/plain"])
        #expect(media.status == 415)
    }

    @Test("unknown and duplicate fields: strict, warn, ignore")
    func fieldValidation() async throws {
        let server = try await TestServer()
        let body = Array(
            #"{"metadata":{"name":"d","unknownMeta":1},"spec":{"unknownField":1,"replicas":1,"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}"#
                .utf8)
        let strict = await server.call("POST", Self.deployments + "?fieldValidation=Strict", bytes: body)
        #expect(strict.status == 400)
        for part in [
            "strict decoding error: ", #"unknown field "spec.unknownField""#, #"unknown field "metadata.unknownMeta""#,
            #"duplicate field "spec.replicas""#,
        ] {
            #expect(strict.message.contains(part))
        }
        let warned = await server.call("POST", Self.deployments + "?fieldValidation=Warn", bytes: body)
        #expect(warned.status == 201)
        #expect(warned.headers["Warning"].contains(#"299 - "unknown field \"spec.unknownField\"""#))
        #expect(warned.body.at("spec", "unknownField") == nil)
        #expect(warned.body.at("spec", "replicas") == 2)
        _ = try await server.created("DELETE", Self.deployments + "/d")
        let ignored = await server.call("POST", Self.deployments + "?fieldValidation=Ignore", bytes: body)
        #expect(ignored.status == 201)
        #expect(ignored.headers["Warning"].isEmpty)
    }

    @Test("what is allowed and had better not be, told once")
    func deprecations() async throws {
        let server = try await TestServer()
        let body: JSONValue = [
            "metadata": ["name": "w"],
            "spec": [
                "selector": ["matchLabels": ["a": "b"]],
                "template": [
                    "metadata": ["labels": ["a": "b"]],
                    "spec": [
                        "nodeSelector": ["beta.kubernetes.io/os": "linux"],
                        "containers": [
                            ["name": "c", "image": "x", "env": [["name": "A", "value": "1"], ["name": "A", "value": "2"]]]
                        ],
                    ],
                ],
            ],
        ]
        let path = Self.deployments
        let reply = await server.call("POST", path, body)
        #expect(
            reply.headers["Warning"] == [
                #"299 - "spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead""#,
                #"299 - "spec.template.spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply""#,
            ])
        let scaled = await server.call(
            "PATCH", path + "/w", ["spec": ["replicas": 2]], headers: ["Content-Type": "application/merge-patch+json"])
        #expect(scaled.status == 200 && scaled.headers["Warning"].isEmpty)
        let endpoints = await server.call("GET", "/api/v1/namespaces/default/endpoints")
        #expect(endpoints.headers["Warning"] == [#"299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice""#])
    }

    @Test("YAML bodies")
    func yaml() async throws {
        let server = try await TestServer()
        let yaml = """
            metadata:
              name: y
            data:
              number: "1"
              text: |
                a
                b
            """
        let reply = await server.call(
            "POST", "/api/v1/namespaces/default/configmaps", bytes: Array(yaml.utf8), headers: ["Content-Type": "application/yaml"])
        #expect(reply.status == 201)
        #expect(reply.body["data"] == ["number": "1", "text": "a\nb"])
    }

    @Test("what may not change in a pod, a service, a binding, an immutable map")
    func immutable() async throws {
        let server = try await TestServer()
        var made = try await server.created("POST", Self.pods, pod("p"))
        made["spec"]?["containers"]?[0]?["image"] = "nginx:2"
        made = try await server.created("PUT", Self.pods + "/p", made)
        #expect(made.number("metadata", "generation") == 2)
        made["spec"]?["containers"]?[0]?["name"] = "other"
        let refused = await server.call("PUT", Self.pods + "/p", made)
        #expect(refused.status == 422)
        #expect(refused.message.contains("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`"))

        let map = try await server.created(
            "POST", "/api/v1/namespaces/default/configmaps", ["metadata": ["name": "i"], "immutable": true, "data": ["a": "b"]])
        var changed = map
        changed["data"]?["a"] = "c"
        let kept = await server.call("PUT", "/api/v1/namespaces/default/configmaps/i", changed)
        #expect(kept.message == #"ConfigMap "i" is invalid: data: Forbidden: field is immutable when `immutable` is set"#)
        changed = map
        changed["metadata"]?["labels"] = ["a": "b"]
        #expect(await server.call("PUT", "/api/v1/namespaces/default/configmaps/i", changed).status == 200)

        let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
        var binding = try await server.created(
            "POST", path,
            ["metadata": ["name": "b"], "roleRef": ["kind": "ClusterRole", "name": "x"], "subjects": [["kind": "User", "name": "ana"]]])
        #expect(binding.text("roleRef", "apiGroup") == "rbac.authorization.k8s.io")
        binding["roleRef"]?["name"] = "y"
        let roleRef = await server.call("PUT", path + "/b", binding)
        #expect(roleRef.message.hasSuffix("cannot change roleRef"))
    }
}
