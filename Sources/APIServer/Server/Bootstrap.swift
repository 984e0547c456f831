import JSON
import KubernetesAPI
import KubernetesClient

/// Makes what every cluster starts with, and brings what is there up to date.
struct Bootstrap: Sendable {
    private static let namespaces = ["default", "kube-system", "kube-public", "kube-node-lease"]
    private static let priorityClasses: [(name: String, value: Int64, description: String)] = [
        ("system-cluster-critical", 2_000_000_000, "For pods that the cluster needs, which may run on any node."),
        ("system-node-critical", 2_000_001_000, "For pods that their node needs and that can't run on another."),
    ]

    let client: Client
    let registry: Registry
    let configuration: APIServerConfiguration

    func run() async throws {
        for namespace in Self.namespaces {
            try await ensure("/api/v1/namespaces", namespace, ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]])
        }
        try await ensurePolicy()
        for item in Self.priorityClasses {
            try await ensure(
                "/apis/scheduling.k8s.io/v1/priorityclasses", item.name,
                [
                    "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": ["name": .string(item.name)],
                    "value": .integer(item.value), "description": .string(item.description),
                ])
        }
        try await ensureKubernetesService()
    }

    /// Creates the object unless there is one of its name.
    private func ensure(_ collection: String, _ name: String, _ object: JSONValue) async throws {
        do {
            _ = try await client.get(path: "\(collection)/\(name)")
        } catch let error as APIStatusError where error.isNotFound {
            do {
                _ = try await client.post(path: collection, object)
            } catch let error as APIStatusError where error.isAlreadyExists {}
        }
    }

    // MARK: Roles

    private func ensurePolicy() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (kind, object) in DefaultPolicy.shared.objects {
                group.addTask { try await reconcile(kind, object) }
            }
            try await group.waitForAll()
        }
    }

    private func reconcile(_ kind: RBACKind, _ desired: JSONValue) async throws {
        let name = desired["metadata"]?["name"]?.stringValue ?? ""
        let namespace = desired["metadata"]?["namespace"]?.stringValue ?? ""
        let base = "/apis/\(RBACKind.group)/v1"
        let collection = namespace.isEmpty ? "\(base)/\(kind.rawValue)" : "\(base)/namespaces/\(namespace)/\(kind.rawValue)"
        guard let existing = registry.object(group: RBACKind.group, resource: kind.rawValue, namespace: namespace, name: name) else {
            return try await ensure(collection, name, desired)
        }
        switch PolicyReconciliation.step(existing: existing, desired: desired) {
        case .keep:
            break
        case .update(let object):
            _ = try await client.send("PUT", "\(collection)/\(name)", object.serialized())
        case .replace:
            _ = try await client.send("DELETE", "\(collection)/\(name)")
            _ = try await client.post(path: collection, desired)
        }
    }

    // MARK: The service of the API itself

    private func ensureKubernetesService() async throws {
        let address = registry.services.apiServerAddress.map { "\($0)" } ?? ""
        let labels: JSONValue = ["component": "apiserver", "provider": "kubernetes"]
        let port = Int64(configuration.securePort)
        try await ensure(
            "/api/v1/namespaces/default/services", "kubernetes",
            [
                "apiVersion": "v1", "kind": "Service", "metadata": ["name": "kubernetes", "namespace": "default", "labels": labels],
                "spec": [
                    "clusterIP": .string(address), "type": "ClusterIP", "sessionAffinity": "None",
                    "ports": [["name": "https", "protocol": "TCP", "port": 443, "targetPort": .integer(port)]],
                ],
            ])
        let ports: JSONValue = [["name": "https", "port": .integer(port), "protocol": "TCP"]]
        try await put(
            "/api/v1/namespaces/default/endpoints", "kubernetes",
            [
                "apiVersion": "v1", "kind": "Endpoints",
                "metadata": ["name": "kubernetes", "namespace": "default", "labels": ["endpointslice.kubernetes.io/skip-mirror": "true"]],
                "subsets": [["addresses": [["ip": .string(configuration.advertiseAddress)]], "ports": ports]],
            ])
        try await put(
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "kubernetes",
            [
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                "metadata": ["name": "kubernetes", "namespace": "default", "labels": ["kubernetes.io/service-name": "kubernetes"]],
                "addressType": "IPv4", "ports": ports,
                "endpoints": [["addresses": [.string(configuration.advertiseAddress)], "conditions": ["ready": true]]],
            ])
    }

    /// Creates the object or replaces what is there.
    private func put(_ collection: String, _ name: String, _ object: JSONValue) async throws {
        do {
            _ = try await client.post(path: collection, object)
        } catch let error as APIStatusError where error.isAlreadyExists {
            _ = try await client.send("PUT", "\(collection)/\(name)", object.serialized())
        }
    }
}
