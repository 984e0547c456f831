import CoreV1
import KubernetesAPI
import KubernetesClient

/// Reads the ConfigMaps and Secrets a pod refers to. Throws `APIStatusError` when they are not there.
protocol ObjectSource: Sendable {
    func configMap(_ name: String, namespace: String) async throws -> ConfigMap
    func secret(_ name: String, namespace: String) async throws -> Secret
    func claim(_ name: String, namespace: String) async throws -> PersistentVolumeClaim
    func volume(_ name: String) async throws -> PersistentVolume
}

/// Makes a container's environment.
struct EnvironmentBuilder {
    var pod: Pod
    var container: Container
    var node: NodeFacts
    var podIPs: [String]
    /// From services; weaker than everything the container says itself.
    var serviceVariables: [(name: String, value: String)]
    var objects: any ObjectSource

    /// The variables in the order of their first mention, each name once; a later one of the same name wins.
    /// - Throws: `KubeletError` naming the missing or unusable source.
    func build() async throws -> [(name: String, value: String)] {
        var values: [String: String] = [:]
        var order: [String] = []
        func set(_ name: String, _ value: String) {
            if values.updateValue(value, forKey: name) == nil { order.append(name) }
        }
        for source in container.envFrom {
            for (name, value) in try await variables(source) { set(name, value) }
        }
        let services = Dictionary(serviceVariables.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        var own: [String: String] = values
        for variable in container.env {
            var value = ""
            if let text = variable.value, !text.isEmpty {
                value = Expansion.expand(text) { own[$0] ?? services[$0] }
            } else if let source = variable.valueFrom {
                guard let found = try await self.value(source, variable.name) else { continue }
                value = found
            }
            own[variable.name] = value
            set(variable.name, value)
        }
        for (name, value) in serviceVariables where values[name] == nil { set(name, value) }
        return order.map { ($0, values[$0] ?? "") }
    }

    private func variables(_ source: EnvFromSource) async throws -> [(String, String)] {
        let prefix = source.prefix ?? ""
        var entries: [String: String] = [:]
        if let reference = source.configMapRef {
            guard let found = try await optional(reference.optional, { try await configMap(reference.name ?? "") }) else { return [] }
            entries = found.data
        } else if let reference = source.secretRef {
            guard let found = try await optional(reference.optional, { try await secret(reference.name ?? "") }) else { return [] }
            entries = found.data.mapValues { String(decoding: $0, as: UTF8.self) }
        }
        return entries.sorted { $0.key < $1.key }.map { (prefix + $0.key, $0.value) }
    }

    /// nil: the variable is to be left out.
    private func value(_ source: EnvVarSource, _ name: String) async throws -> String? {
        if let reference = source.fieldRef {
            return try FieldReference.value(reference.fieldPath, pod, node, podIPs: podIPs)
        }
        if let reference = source.resourceFieldRef {
            var subject = container
            if let other = reference.containerName, !other.isEmpty, other != container.name {
                guard let found = pod.container(other) else { throw KubeletError("container \(other) not found") }
                subject = found.container
            }
            return try ResourceReference.value(reference.resource, divisor: reference.divisor, subject, pod, node)
        }
        if let reference = source.configMapKeyRef {
            let from = reference.name ?? ""
            guard let found = try await optional(reference.optional, { try await configMap(from) }) else { return nil }
            if let text = found.data[reference.key] { return text }
            if reference.optional == true { return nil }
            throw KubeletError("couldn't find key \(reference.key) in ConfigMap \(pod.namespace)/\(from)")
        }
        if let reference = source.secretKeyRef {
            let from = reference.name ?? ""
            guard let found = try await optional(reference.optional, { try await secret(from) }) else { return nil }
            if let bytes = found.data[reference.key] { return String(decoding: bytes, as: UTF8.self) }
            if reference.optional == true { return nil }
            throw KubeletError("couldn't find key \(reference.key) in Secret \(pod.namespace)/\(from)")
        }
        throw KubeletError("environment variable \(name) has no usable source")
    }

    private func configMap(_ name: String) async throws -> ConfigMap {
        try await objects.configMap(name, namespace: pod.namespace)
    }

    private func secret(_ name: String) async throws -> Secret {
        try await objects.secret(name, namespace: pod.namespace)
    }

    private func optional<T>(_ optional: Bool?, _ read: () async throws -> T) async throws -> T? {
        do {
            return try await read()
        } catch let error as APIStatusError where error.isNotFound && optional == true {
            return nil
        }
    }
}
