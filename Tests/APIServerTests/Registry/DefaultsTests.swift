import JSON
import Testing

@testable import APIServer

@Suite("Defaults of the kinds")
struct DefaultsTests {
    @Test("a pod is filled in completely")
    func pod() async throws {
        let server = try await TestServer()
        let made = try await server.created(
            "POST", "/api/v1/namespaces/default/pods",
            [
                "metadata": ["name": "p"],
                "spec": [
                    "containers": [
                        [
                            "name": "c", "image": "nginx:1.27", "ports": [["containerPort": 80]], "livenessProbe": ["httpGet": ["port": 80]],
                            "resources": ["limits": ["cpu": "1000m", "memory": "1Gi"]],
                            "env": [["name": "IP", "valueFrom": ["fieldRef": ["fieldPath": "status.podIP"]]]],
                        ]
                    ],
                    "volumes": [["name": "v"], ["name": "s", "secret": ["secretName": "x"]]],
                ],
            ])
        let spec = made["spec"] ?? [:]
        #expect(spec.text("restartPolicy") == "Always")
        #expect(spec.text("dnsPolicy") == "ClusterFirst")
        #expect(spec.text("schedulerName") == "default-scheduler")
        #expect(spec.number("terminationGracePeriodSeconds") == 30)
        #expect(spec["securityContext"] == [:])
        #expect(spec["enableServiceLinks"] == true)
        #expect(spec.text("serviceAccountName") == "default")
        #expect(spec.text("serviceAccount") == "default")
        #expect(spec["priority"] == 0)
        #expect(spec.text("preemptionPolicy") == "PreemptLowerPriority")
        #expect(spec.list("tolerations").count == 2)
        let container = spec.list("containers")[0]
        #expect(container.text("imagePullPolicy") == "IfNotPresent")
        #expect(container.text("terminationMessagePath") == "/dev/termination-log")
        #expect(container.text("terminationMessagePolicy") == "File")
        #expect(container.list("ports")[0].text("protocol") == "TCP")
        #expect(container.at("resources", "requests") == ["cpu": "1", "memory": "1Gi"])
        let probe = container["livenessProbe"] ?? [:]
        #expect(probe.at("httpGet") == ["port": 80, "path": "/", "scheme": "HTTP"])
        #expect([probe.number("timeoutSeconds"), probe.number("periodSeconds"), probe.number("failureThreshold")] == [1, 10, 3])
        #expect(container.list("env")[0].at("valueFrom", "fieldRef", "apiVersion") == "v1")
        #expect(container.list("volumeMounts").last?.text("mountPath") == "/var/run/secrets/kubernetes.io/serviceaccount")
        let volumes = spec.list("volumes")
        #expect(volumes[0]["emptyDir"] == [:])
        #expect(volumes[1].at("secret", "defaultMode") == 420)
        #expect(volumes[2].text("name").hasPrefix("kube-api-access-"))
        #expect(volumes[2].list("projected", "sources").count == 3)
        #expect(made.text("status", "phase") == "Pending")
        #expect(made.text("status", "qosClass") == "Guaranteed")
        #expect(made.number("metadata", "generation") == 1)
    }

    @Test(
        "the pull policy follows the image's tag",
        arguments: [
            ("nginx", "Always"), ("nginx:latest", "Always"), ("nginx:1", "IfNotPresent"), ("localhost:5000/nginx", "Always"),
            ("localhost:5000/nginx:2", "IfNotPresent"), ("nginx@sha256:abc", "IfNotPresent"),
        ])
    func pullPolicy(image: String, policy: String) {
        #expect(ContainerDefaults.pullPolicy(forImage: image) == policy)
    }

    @Test(
        "quality of service",
        arguments: [
            (#"[{}]"#, "BestEffort"), (#"[{"requests":{"cpu":"1"}}]"#, "Burstable"),
            (#"[{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1000m","memory":"1Gi"}}]"#, "Guaranteed"),
            (#"[{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1","memory":"1Gi"}},{}]"#, "Burstable"),
            (#"[{"requests":{"cpu":"0"}}]"#, "BestEffort"),
        ])
    func quality(resources: String, expected: String) throws {
        let containers = try JSONValue(parsing: resources).arrayValue?.map { ["resources": $0] as JSONValue } ?? []
        #expect(PodQuality.class(of: ["containers": .array(containers)]) == expected)
    }

    @Test("a deployment is filled in completely")
    func deployment() async throws {
        let server = try await TestServer()
        let made = try await server.created("POST", "/apis/apps/v1/namespaces/default/deployments", deploymentObject("d"))
        let spec = made["spec"] ?? [:]
        #expect(spec["replicas"] == 1)
        #expect(spec["strategy"] == ["type": "RollingUpdate", "rollingUpdate": ["maxUnavailable": "25%", "maxSurge": "25%"]])
        #expect(spec["revisionHistoryLimit"] == 10)
        #expect(spec["progressDeadlineSeconds"] == 600)
        #expect(spec.at("template", "spec", "dnsPolicy") == "ClusterFirst")
        #expect(spec.at("template", "spec", "enableServiceLinks") == nil)
        #expect(made.number("metadata", "generation") == 1)
        #expect(made["status"] == [:])
    }

    @Test("jobs and cron jobs")
    func jobs() async throws {
        let server = try await TestServer()
        let template: JSONValue = ["spec": ["restartPolicy": "Never", "containers": [["name": "c", "image": "x"]]]]
        let job = try await server.created(
            "POST", "/apis/batch/v1/namespaces/default/jobs", ["metadata": ["name": "j"], "spec": ["template": template]])
        #expect(job.at("spec", "completions") == 1)
        #expect(job.at("spec", "parallelism") == 1)
        #expect(job.at("spec", "backoffLimit") == 6)
        #expect(job.text("spec", "completionMode") == "NonIndexed")
        let uid = job.text("metadata", "uid")
        #expect(job.at("spec", "selector", "matchLabels") == ["batch.kubernetes.io/controller-uid": .string(uid)])
        let labels = job.at("spec", "template", "metadata", "labels") ?? [:]
        #expect(labels["job-name"] == "j")
        #expect(labels["batch.kubernetes.io/job-name"] == "j")
        #expect(labels["controller-uid"] == .string(uid))
        let cron = try await server.created(
            "POST", "/apis/batch/v1/namespaces/default/cronjobs",
            ["metadata": ["name": "c"], "spec": ["schedule": "*/5 * * * *", "jobTemplate": ["spec": ["template": template]]]])
        #expect(cron.text("spec", "concurrencyPolicy") == "Allow")
        #expect(cron.at("spec", "successfulJobsHistoryLimit") == 3)
        let wrong = await server.call(
            "POST", "/apis/batch/v1/namespaces/default/cronjobs",
            ["metadata": ["name": "w"], "spec": ["schedule": "61 * * * *", "jobTemplate": ["spec": ["template": template]]]])
        #expect(wrong.status == 422)
    }

    @Test("secrets take plain texts")
    func secret() async throws {
        let server = try await TestServer()
        let made = try await server.created(
            "POST", "/api/v1/namespaces/default/secrets", ["metadata": ["name": "s"], "stringData": ["user": "ana"]])
        #expect(made["data"] == ["user": "YW5h"])
        #expect(made["stringData"] == nil)
        #expect(made.text("type") == "Opaque")
    }
}

func deploymentObject(_ name: String, replicas: Int64? = nil) -> JSONValue {
    var object: JSONValue = [
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name)],
        "spec": [
            "selector": ["matchLabels": ["app": .string(name)]],
            "template": ["metadata": ["labels": ["app": .string(name)]], "spec": ["containers": [["name": "c", "image": "nginx:1"]]]],
        ],
    ]
    if let replicas { object["spec"]?["replicas"] = .integer(replicas) }
    return object
}
