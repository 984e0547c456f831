import AppsV1
import CoreV1
import JSON
import KubernetesAPI
import Testing

@Suite struct TypedObjectTests {
    private static let pod = #"""
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-0","namespace":"shop","uid":"6f1c2c3a","labels":{"app":"web"},
        "creationTimestamp":"2025-03-01T08:00:00Z","ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"1",
        "controller":true}],"managedFields":[{"manager":"kubectl","operation":"Update","fieldsV1":{"f:spec":{"f:nodeName":{}}}}]},
        "spec":{"volumes":[{"name":"scratch","emptyDir":{"sizeLimit":"1Gi"}},{"name":"setup","configMap":{"name":"web","defaultMode":420}}],
        "containers":[{"name":"nginx","image":"registry.local/nginx:1.2","command":["nginx"],"ports":[{"name":"http","containerPort":8080,
        "protocol":"TCP"}],"env":[{"name":"MODE","value":"fast"},{"name":"IP","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}}],
        "resources":{"limits":{"cpu":"500m","memory":"128Mi"},"requests":{"cpu":"100m"}},"readinessProbe":{"httpGet":{"path":"/ready",
        "port":"http"},"periodSeconds":5},"livenessProbe":{"tcpSocket":{"port":8080}},"volumeMounts":[{"name":"scratch","mountPath":"/tmp"}]}],
        "restartPolicy":"Always","terminationGracePeriodSeconds":30,"hostNetwork":false,"securityContext":{"supplementalGroups":[10,20]},
        "tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}]},
        "status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2025-03-01T08:00:07Z"}],
        "podIP":"10.1.0.7","podIPs":[{"ip":"10.1.0.7"}],"containerStatuses":[{"name":"nginx","state":{"running":{"startedAt":
        "2025-03-01T08:00:05Z"}},"lastState":{},"ready":true,"restartCount":0,"image":"registry.local/nginx:1.2","imageID":"sha256:1"}]}}
        """#
    private static let deployment = #"""
        {"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","generation":3,"annotations":{"note":""}},
        "spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
        "spec":{"containers":[{"name":"web","image":"web:2"}]}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%",
        "maxSurge":1}},"revisionHistoryLimit":0},"status":{"observedGeneration":3,"replicas":3,"conditions":[{"type":"Available",
        "status":"True","lastUpdateTime":"2025-03-01T08:00:07Z"}]}}
        """#
    private static let node = #"""
        {"kind":"Node","apiVersion":"v1","metadata":{"name":"n1"},"spec":{"podCIDR":"10.1.0.0/24","podCIDRs":["10.1.0.0/24"],
        "taints":[{"key":"a","effect":"NoSchedule"}]},"status":{"capacity":{"cpu":"2","memory":"4028016Ki","pods":"110"},
        "addresses":[{"type":"InternalIP","address":"192.168.1.2"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":10250}},
        "nodeInfo":{"machineID":"1","systemUUID":"2","bootID":"3","kernelVersion":"6","osImage":"Debian","containerRuntimeVersion":"c",
        "kubeletVersion":"v1","kubeProxyVersion":"v1","operatingSystem":"linux","architecture":"amd64"},
        "images":[{"names":["web:2"],"sizeBytes":1234567890123}]}}
        """#
    private static let secret = #"""
        {"kind":"Secret","apiVersion":"v1","metadata":{"name":"s"},"data":{"key":"AAEC"},"type":"Opaque","immutable":true}
        """#

    private func roundTrip<T: KubernetesResource>(_ type: T.Type, _ text: String) throws {
        let object = try T(jsonBytes: Array(text.utf8))
        #expect(object.tree() == (try JSONValue(parsing: text)))
    }

    @Test func roundTrips() throws {
        try roundTrip(Pod.self, Self.pod)
        try roundTrip(Deployment.self, Self.deployment)
        try roundTrip(Node.self, Self.node)
        try roundTrip(Secret.self, Self.secret)
    }

    @Test func fieldsHaveTheirValues() throws {
        let pod = try Pod(jsonBytes: Array(Self.pod.utf8))
        #expect(pod.metadata.ownerReferences.first?.controller == true)
        #expect(pod.spec.containers[0].resources?.limits["memory"]?.value == 128 << 20)
        #expect(pod.spec.containers[0].readinessProbe?.httpGet?.port == .string("http"))
        #expect(pod.spec.containers[0].livenessProbe?.tcpSocket?.port == .int(8080))
        #expect(pod.spec.securityContext?.supplementalGroups == [10, 20])
        #expect(pod.spec.hostNetwork == false)
        #expect(pod.status.containerStatuses[0].ready)
        #expect(pod.status.containerStatuses[0].state?.running?.startedAt?.description == "2025-03-01T08:00:05Z")
        let secret = try Secret(jsonBytes: Array(Self.secret.utf8))
        #expect(secret.data["key"] == [0, 1, 2])
    }

    @Test func unknownMembersSurviveAChange() throws {
        let text = #"{"apiVersion":"v1","kind":"Pod","x":{"y":[1]},"metadata":{"name":"a","z":null},"spec":{"containers":[{"name":"c","new":1e3}]}}"#
        var pod = try Pod(jsonBytes: Array(text.utf8))
        pod.spec.containers[0].image = "i"
        #expect(
            pod.tree()
                == (try JSONValue(
                    parsing:
                        #"{"apiVersion":"v1","kind":"Pod","x":{"y":[1]},"metadata":{"name":"a","z":null},"spec":{"containers":[{"name":"c","image":"i","new":1e3}]}}"#
                )))
    }

    @Test func copiesAreIndependent() {
        let first = Pod {
            $0.metadata.name = "a"
            $0.spec.containers = [Container { $0.name = "c" }]
        }
        var second = first
        second.metadata.name = "b"
        second.spec.containers[0].name = "d"
        second.status.phase = "Running"
        #expect(first.metadata.name == "a")
        #expect(first.spec.containers[0].name == "c")
        #expect(first.status.phase == nil)
        #expect(second.metadata.name == "b")
        #expect(second.spec.containers[0].name == "d")
        #expect(Pod().metadata.name == nil)
    }

    @Test func writing() {
        #expect(String(decoding: Service().jsonBytes(), as: UTF8.self) == #"{"kind":"Service","apiVersion":"v1"}"#)
        let status = ContainerStatus { $0.name = "c" }
        #expect(status.tree() == ["name": "c", "ready": false, "restartCount": 0, "image": "", "imageID": ""])
        let list = List(items: [ConfigMap { $0.metadata.name = "a" }])
        #expect(
            list.tree() == [
                "kind": "ConfigMapList", "apiVersion": "v1", "metadata": [:],
                "items": [["kind": "ConfigMap", "apiVersion": "v1", "metadata": ["name": "a"]]],
            ])
    }

    @Test(arguments: [
        (#"{"spec":{"containers":{}}}"#, "spec.containers"), (#"{"metadata":{"name":1}}"#, "metadata.name"),
        (#"{"spec":{"containers":[{"name":"a"},{"image":[]}]}}"#, "spec.containers[1].image"),
    ])
    func errorsCarryThePath(_ text: String, _ path: String) throws {
        let error = #expect(throws: JSONError.self) { try Pod(jsonBytes: Array(text.utf8)) }
        #expect(error?.path == path)
    }

    @Test func paths() {
        #expect(Pod.resource.path(namespace: "a", name: "b", subresource: "status") == "/api/v1/namespaces/a/pods/b/status")
        #expect(Pod.resource.path() == "/api/v1/pods")
        #expect(Deployment.resource.path(namespace: "a") == "/apis/apps/v1/namespaces/a/deployments")
        #expect(Node.resource.path(namespace: "a", name: "n:1 ä") == "/api/v1/nodes/n:1%20%C3%A4")
        #expect(Deployment.resource.groupResource == "deployments.apps")
        #expect(Deployment.resource.apiVersion == "apps/v1")
    }
}
