/// A pod as a cluster holds it: controlled, scheduled, running, with the fields that its managers own.
enum SamplePod {
    static var document: String {
        """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"checkout-7d9c5b8f4d-x2k8v","generateName":"checkout-7d9c5b8f4d-",
        "namespace":"production","uid":"5d0c3a5e-3f6b-4a53-9d3f-0f4f6ad0b1c7","resourceVersion":"184467440","creationTimestamp":"2026-03-14T09:26:53Z",
        "labels":{"app.kubernetes.io/name":"checkout","app.kubernetes.io/part-of":"shop","pod-template-hash":"7d9c5b8f4d","tier":"backend"},
        "annotations":{"prometheus.io/scrape":"true","prometheus.io/port":"9090",
        "example.com/config-digest":"sha256:6f1ed002ab5595859014ebf0951522d9f6d1a1f0c2f5d0c1b2e3a4958677aabb",
        "example.com/note":"Restarted by \\"ops\\" at 09:26,\\nsee ticket 4711"},
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"checkout-7d9c5b8f4d","uid":"0a1b2c3d-1111-2222-3333-444455556666",
        "controller":true,"blockOwnerDeletion":true}],"managedFields":[\(managedFields)]},
        "spec":{"volumes":[{"name":"config","configMap":{"name":"checkout-config","defaultMode":420}},{"name":"scratch","emptyDir":{"sizeLimit":"1Gi"}},
        {"name":"kube-api-access-9fj2m","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},
        {"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}}],"defaultMode":420}}],
        "containers":[\(container("checkout", 8080)),\(container("metrics", 9090)),\(container("proxy", 15001))],
        "restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","nodeSelector":{"kubernetes.io/os":"linux"},
        "serviceAccountName":"checkout","serviceAccount":"checkout","nodeName":"worker-17","securityContext":{"runAsUser":1000,"fsGroup":2000},
        "schedulerName":"default-scheduler","tolerations":[
        {"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},
        {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],
        "priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},
        "status":{"observedGeneration":1,"phase":"Running","conditions":[\(conditions)],"hostIP":"10.20.30.17","hostIPs":[{"ip":"10.20.30.17"}],
        "podIP":"10.244.17.93","podIPs":[{"ip":"10.244.17.93"}],"startTime":"2026-03-14T09:26:53Z",
        "containerStatuses":[\(containerStatus("checkout")),\(containerStatus("metrics")),\(containerStatus("proxy"))],"qosClass":"Burstable"}}
        """
    }

    private static func container(_ name: String, _ port: Int) -> String {
        let environment = ["LOG_LEVEL", "REGION", "DATABASE_URL", "CACHE_ADDRESS", "FEATURE_FLAGS"].map {
            #"{"name":"\#($0)","value":"\#($0.lowercased())-of-\#(name).production.svc.cluster.local"}"#
        }
        return """
            {"name":"\(name)","image":"registry.example.com/shop/\(name):v1.42.7","args":["--listen=:\(port)","--config=/etc/\(name)/config.yaml"],
            "ports":[{"name":"http","containerPort":\(port),"protocol":"TCP"}],"env":[\(environment.joined(separator: ",")),
            {"name":"POD_NAME","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}}],
            "resources":{"limits":{"memory":"512Mi"},"requests":{"cpu":"250m","memory":"256Mi"}},
            "volumeMounts":[{"name":"config","readOnly":true,"mountPath":"/etc/\(name)"},
            {"name":"kube-api-access-9fj2m","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],
            "livenessProbe":{"httpGet":{"path":"/healthz","port":"http","scheme":"HTTP"},"initialDelaySeconds":10,"timeoutSeconds":1,"periodSeconds":10,
            "successThreshold":1,"failureThreshold":3},
            "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent",
            "securityContext":{"readOnlyRootFilesystem":true,"allowPrivilegeEscalation":false}}
            """
    }

    private static func containerStatus(_ name: String) -> String {
        """
        {"name":"\(name)","state":{"running":{"startedAt":"2026-03-14T09:26:57Z"}},"ready":true,"restartCount":0,
        "image":"registry.example.com/shop/\(name):v1.42.7",
        "imageID":"registry.example.com/shop/\(name)@sha256:9b2f4e0c1d7a5b3f8e6c2a1d0f9e8d7c6b5a49382716f5e4d3c2b1a09f8e7d6c",
        "containerID":"containerd://3c1f0e9d8b7a6f5e4d3c2b1a0f9e8d7c6b5a4938271605f4e3d2c1b0a9f8e7d6","started":true}
        """
    }

    private static var conditions: String {
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map {
            #"{"type":"\#($0)","observedGeneration":1,"status":"True","lastTransitionTime":"2026-03-14T09:26:57Z"}"#
        }.joined(separator: ",")
    }

    private static var managedFields: String {
        let containers = ["checkout", "metrics"].map {
            #""k:{\"name\":\"\#($0)\"}":{".":{},"f:args":{},"f:env":{".":{},"k:{\"name\":\"LOG_LEVEL\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:imagePullPolicy":{},"f:livenessProbe":{".":{},"f:failureThreshold":{},"f:httpGet":{".":{},"f:path":{},"f:port":{}}},"f:name":{},"f:resources":{".":{},"f:limits":{".":{},"f:memory":{}}}}"#
        }
        return """
            {"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-03-14T09:26:53Z","fieldsType":"FieldsV1",
            "fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:prometheus.io/scrape":{}},"f:generateName":{},"f:labels":{".":{},"f:tier":{}}},
            "f:spec":{"f:containers":{\(containers.joined(separator: ","))},"f:dnsPolicy":{},"f:restartPolicy":{},"f:schedulerName":{}}}},
            {"manager":"kubelet","operation":"Update","apiVersion":"v1","time":"2026-03-14T09:26:57Z","fieldsType":"FieldsV1",
            "fieldsV1":{"f:status":{"f:conditions":{"k:{\\"type\\":\\"Ready\\"}":{".":{},"f:status":{},"f:type":{}}},"f:containerStatuses":{},"f:phase":{}}},
            "subresource":"status"}
            """
    }
}
