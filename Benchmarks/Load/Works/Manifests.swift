/// The objects that the loads make.
enum Manifests {
    static func configMap(_ name: String, group: String = "") -> String {
        """
        {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"\(name)","labels":{"app":"load"\(group.isEmpty ? "" : #","group":"\#(group)""#)}},\
        "data":{"k":"\(String(repeating: "x", count: 256))"}}
        """
    }

    /// A pod as people write them, which fits only the nodes of ``hollowNode(_:number:now:)``.
    static func pod(_ name: String, number: Int) -> String {
        """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"\(name)","labels":{"app":"load","shard":"s\(number % 10)",\
        "pod-template-hash":"7c5ddbdf54"},"annotations":{"example.com/checksum":\
        "b16367e80df58c3dbacfc3961126ae82d68519368d345fdb228addf04cb4ea2f"}},"spec":{"terminationGracePeriodSeconds":30,\
        "nodeSelector":{"example.com/hollow":"true"},"containers":[{"name":"main","image":"registry.example.com/team/service:v1.2.3",\
        "command":["/bin/service","--listen=:8080","--log-level=info"],"ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],\
        "env":[{"name":"A","value":"1"},{"name":"JAVA_TOOL_OPTIONS","value":"-XX:MaxRAMPercentage=75 -XX:+ExitOnOutOfMemoryError"},\
        {"name":"OTEL_EXPORTER_OTLP_ENDPOINT","value":"http://collector.observability.svc.cluster.local:4317"},\
        {"name":"NODE_NAME","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}},\
        {"name":"POD_NAME","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},\
        {"name":"DB","valueFrom":{"secretKeyRef":{"name":"db","key":"url","optional":true}}}],\
        "resources":{"requests":{"cpu":"10m","memory":"16Mi"},"limits":{"cpu":"100m","memory":"64Mi"}},\
        "livenessProbe":{"httpGet":{"path":"/healthz","port":"http"},"periodSeconds":10},\
        "readinessProbe":{"httpGet":{"path":"/ready","port":8080}},"volumeMounts":[{"name":"data","mountPath":"/data"}]}],\
        "volumes":[{"name":"data","emptyDir":{}}],"tolerations":[{"key":"example.com/hollow","operator":"Exists"}]}}
        """
    }

    /// The same for a scheduler that there is not.
    static func unscheduledPod(_ name: String, number: Int) -> String {
        pod(name, number: number).replacing(#""spec":{"#, with: #""spec":{"schedulerName":"nobody","#, maxReplacements: 1)
    }

    /// A pod that runs at once and for ever, from an image that is on the node.
    static func runningPod(_ name: String, image: String) -> String {
        """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"\(name)","labels":{"app":"podstart"}},"spec":{"terminationGracePeriodSeconds":0,\
        "automountServiceAccountToken":false,"containers":[{"name":"main","image":"\(image)","imagePullPolicy":"IfNotPresent",\
        "command":["/usr/bin/apus","pause"]}]}}
        """
    }

    /// A node that no kubelet stands behind. Its taint keeps other pods away.
    /// - Parameter now: as `2026-03-14T09:26:53Z`.
    static func hollowNode(_ name: String, number: Int, now: String) -> String {
        """
        {"apiVersion":"v1","kind":"Node","metadata":{"name":"\(name)","labels":{"kubernetes.io/hostname":"\(name)","example.com/hollow":"true",\
        "topology.kubernetes.io/zone":"zone-\(number % 3)","disk":"\(number % 2 == 0 ? "ssd" : "hdd")"}},"spec":\(hollowNodeSpec),\
        "status":{"capacity":{"cpu":"32","memory":"256Gi","pods":"110"},"allocatable":{"cpu":"32","memory":"256Gi","pods":"110"},\
        "conditions":[{"type":"Ready","status":"True","reason":"KubeletReady","lastHeartbeatTime":"\(now)","lastTransitionTime":"\(now)"}]}}
        """
    }

    static let hollowNodeSpec = #"{"taints":[{"key":"example.com/hollow","effect":"NoSchedule"}]}"#
}
