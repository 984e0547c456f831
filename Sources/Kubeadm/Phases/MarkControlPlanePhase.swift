import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient

extension Phase {
    static let markControlPlane = Phase(name: "mark-control-plane", summary: "Mark a node as a control-plane") { settings, _ in
        let labels = ["node-role.kubernetes.io/control-plane", "node.kubernetes.io/exclude-from-external-load-balancers"]
        let taints = settings.taints ?? [["key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"]]
        Say.line(
            "[mark-control-plane] Marking the node \(settings.nodeName) as control-plane by adding the labels: [\(labels.joined(separator: " "))]")
        let words = taints.map { "\($0["key"]?.stringValue ?? ""):\($0["effect"]?.stringValue ?? "")" }.joined(separator: " ")
        if !taints.isEmpty {
            Say.line("[mark-control-plane] Marking the node \(settings.nodeName) as control-plane by adding the taints [\(words)]")
        }
        if Rehearsal.instead("label and taint the node \(settings.nodeName)") { return }
        let client = try ClusterObjects.client(settings.administrator)
        let deadline = ContinuousClock.now + HealthWait.longest
        while true {
            do {
                let members = JSONObject(uniqueEntries: labels.map { ($0, JSONValue.string("")) })
                var patch: JSONValue = ["metadata": ["labels": .object(members)]]
                if !taints.isEmpty { patch["spec"] = ["taints": .array(taints)] }
                // Strategic: taints are merged by key, so that those the cluster has set stay.
                _ = try await client.patch(Node.self, settings.nodeName, .strategic(patch))
                return
            } catch let error as APIStatusError where error.isNotFound && ContinuousClock.now < deadline {
                // The kubelet registers the node as soon as the API server answers it.
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}
