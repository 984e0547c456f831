package import JSON
import KubernetesAPI
import Logging
import NIOHTTP1
import Storage

/// What every cluster has from its first start: the system's namespaces, its priority classes, and the Service by which pods reach the API.
extension Registry {
    /// Creates what is missing and corrects what has changed (the server's address). Everything else is left as it is.
    ///
    /// - Parameter address: where pods reach this server; nil leaves the `kubernetes` Service without endpoints.
    package func bootstrap(address: String?, port: Int) async throws(APIStatus) {
        for name in ["kube-system", "default", "kube-public", "kube-node-lease"] {
            try await ensure("", "v1", "namespaces", namespace: "", ["metadata": ["name": .string(name)]])
        }
        for (name, value, description) in [
            (
                "system-cluster-critical", 2_000_000_000,
                "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."
            ),
            ("system-node-critical", 2_000_001_000, "Used for system critical pods that must not be moved from their current node."),
        ] as [(String, Int64, String)] {
            try await ensure(
                "scheduling.k8s.io", "v1", "priorityclasses", namespace: "",
                ["metadata": ["name": .string(name)], "value": .integer(value), "description": .string(description)])
        }
        let ranges = services.ranges.map { JSONValue.string($0.description) }
        if !ranges.isEmpty {
            try await ensure(
                "networking.k8s.io", "v1", "servicecidrs", namespace: "", ["metadata": ["name": "kubernetes"], "spec": ["cidrs": .array(ranges)]])
        }
        try await kubernetesService(port: port)
        if let address { try await kubernetesEndpoints(addresses: try await serverAddresses(own: address), port: port) }
        try await repairAllocations()
        try await ensureFlowControlObjects()
    }

    /// Makes anew what somebody deletes of it. Returns when the task is cancelled.
    ///
    /// - Parameter interval: how often to look; a look that finds everything there reads memory only.
    package func keepBootstrapped(address: String?, port: Int, interval: Duration = .seconds(10)) async {
        while !Task.isCancelled {
            do throws(APIStatus) {
                try await bootstrap(address: address, port: port)
                try await noteDanglingFlowSchemas()
            } catch {
                logger.warning("cannot make anew what every cluster begins with", metadata: ["error": "\(error)"])
            }
            try? await clock.sleep(interval)
        }
        if store.isShared, let address { _ = try? await store.commit(Transaction(operations: [.delete(key: Self.leasePrefix + address)])) }
    }

    /// Where the servers that share the store say that they are there, as upstream's do; a server that says no more is forgotten.
    private static let leasePrefix = "/registry/masterleases/"
    private static let leaseTime: Duration = .seconds(15)

    /// The addresses of all servers of the cluster, sorted.
    private func serverAddresses(own address: String) async throws(APIStatus) -> [String] {
        guard store.isShared else { return [address] }
        let lease: JSONValue = [
            "kind": "Endpoints", "apiVersion": "v1", "metadata": [:], "subsets": [["addresses": [["ip": .string(address)]]]],
        ]
        do throws(StoreError) {
            let put = Transaction.Operation.put(key: Self.leasePrefix + address, value: lease.serialized(), timeToLive: Self.leaseTime)
            _ = try await store.commit(Transaction(operations: [put]))
            let found = try await store.range(RangeRequest(KeyRange(prefix: Self.leasePrefix))).keyValues
            return found.map { String($0.key.dropFirst(Self.leasePrefix.count)) }
        } catch {
            throw .storeFailure(error)
        }
    }

    /// Writes down the addresses of Services whose record was deleted, so that they are not handed out again.
    private func repairAllocations() async throws(APIStatus) {
        guard let strategy = storage(group: "", resource: "services")?.strategy, let holds = strategy.holds else { return }
        for service in objects(group: "", resource: "services", namespace: nil) {
            for held in holds(service, clock.timestamp) where held.key.hasPrefix(ServiceAllocation.addressPrefix) {
                let address = String(held.key.dropFirst(ServiceAllocation.addressPrefix.count))
                if object(group: "networking.k8s.io", resource: "ipaddresses", namespace: "", name: address) != nil { continue }
                do throws(StoreError) {
                    // Whoever else has taken it in between keeps it.
                    _ = try await store.commit(.create(key: held.key, value: held.value))
                } catch {
                    throw .storeFailure(error)
                }
            }
        }
    }

    private func kubernetesService(port: Int) async throws(APIStatus) {
        guard let clusterIP = services.apiServerAddress else { return }
        try await ensure(
            "", "v1", "services", namespace: "default",
            [
                "metadata": ["name": "kubernetes", "labels": ["component": "apiserver", "provider": "kubernetes"]],
                "spec": [
                    "type": "ClusterIP", "clusterIP": .string(clusterIP.description), "sessionAffinity": "None",
                    "ports": [["name": "https", "protocol": "TCP", "port": 443, "targetPort": .integer(Int64(port))]],
                ],
            ])
    }

    private func kubernetesEndpoints(addresses: [String], port: Int) async throws(APIStatus) {
        let ports: JSONValue = [["name": "https", "port": .integer(Int64(port)), "protocol": "TCP"]]
        try await ensure(
            "", "v1", "endpoints", namespace: "default",
            [
                "metadata": ["name": "kubernetes", "labels": ["endpointslice.kubernetes.io/skip-mirror": "true"]],
                "subsets": [["addresses": .array(addresses.map { ["ip": .string($0)] }), "ports": ports]],
            ], correcting: "subsets")
        let family = addresses.first.flatMap { IPAddress($0) }?.family ?? "IPv4"
        try await ensure(
            "discovery.k8s.io", "v1", "endpointslices", namespace: "default",
            [
                "metadata": ["name": "kubernetes", "labels": ["kubernetes.io/service-name": "kubernetes"]],
                "addressType": .string(family), "ports": ports,
                "endpoints": .array(addresses.map { ["addresses": [.string($0)], "conditions": ["ready": true]] }),
            ], correcting: "endpoints")
    }

    /// Creates an object that is not there; corrects one part of an object that is.
    private func ensure(
        _ group: String, _ version: String, _ plural: String, namespace: String, _ object: JSONValue, correcting part: String? = nil
    ) async throws(APIStatus) {
        let name = object.text("metadata", "name")
        if let existing = self.object(group: group, resource: plural, namespace: namespace, name: name) {
            guard let part, existing[part] != object[part] else { return }
            var corrected = existing
            corrected[part] = object[part]
            if object["ports"] != nil { corrected["ports"] = object["ports"] }
            _ = try await perform("update", group, version, plural, namespace: namespace, name: name, body: corrected)
            return
        }
        do throws(APIStatus) {
            _ = try await perform("create", group, version, plural, namespace: namespace, name: "", body: object)
        } catch {
            // Another server of the same cluster may have been faster.
            if error.reason != "AlreadyExists" { throw error }
        }
    }

    /// Runs a request of the server's own, through the same road as everybody's.
    package func perform(
        _ verb: String, _ group: String, _ version: String, _ plural: String, namespace: String, name: String, subresource: String = "",
        body: JSONValue
    ) async throws(APIStatus) -> JSONValue {
        var request = APIRequest(method: verb == "create" ? "POST" : "PUT", path: "")
        request.user = UserInfo(name: "system:apiserver", groups: [UserInfo.mastersGroup])
        request.headers = ["Content-Type": "application/json", "User-Agent": "kube-apiserver"]
        request.body = body.serialized()
        request.info = RequestInfo(
            isResourceRequest: true, verb: verb, apiPrefix: group.isEmpty ? "api" : "apis", apiGroup: group, apiVersion: version,
            namespace: plural == "namespaces" ? name : namespace, resource: plural, subresource: subresource, name: name)
        let prepared = request
        let outcome: Result<JSONValue, APIStatus> = await withCheckedContinuation { continuation in
            handle(prepared, ContinuationResponder(continuation))
        }
        return try outcome.get()
    }
}
