import CoreV1
import Glibc
import KubernetesAPI
import KubernetesClient

/// Gets service account tokens for pods.
protocol TokenSource: Sendable {
    /// A token for the pod's service account, fresh enough to be used now.
    func token(_ pod: Pod, audience: String, expirationSeconds: Int64) async throws -> String
}

/// The files of volumes that are made from API data.
struct VolumePayload {
    static let defaultMode: mode_t = 0o644

    var pod: Pod
    var node: NodeFacts
    var podIPs: [String]
    var objects: any ObjectSource
    var tokens: any TokenSource

    /// The files of a volume; nil when the volume is of another kind.
    func files(_ volume: Volume) async throws -> [String: VolumeFile]? {
        if let source = volume.configMap {
            return try await configMap(source.name ?? "", source.items, mode(source.defaultMode), source.optional ?? false)
        }
        if let source = volume.secret {
            return try await secret(source.secretName ?? "", source.items, mode(source.defaultMode), source.optional ?? false)
        }
        if let source = volume.downwardAPI {
            return try downward(source.items, mode(source.defaultMode))
        }
        if let source = volume.projected {
            var files: [String: VolumeFile] = [:]
            for part in source.sources {
                files.merge(try await projected(part, mode(source.defaultMode))) { $1 }
            }
            return files
        }
        return nil
    }

    private func projected(_ part: VolumeProjection, _ mode: mode_t) async throws -> [String: VolumeFile] {
        if let source = part.configMap { return try await configMap(source.name ?? "", source.items, mode, source.optional ?? false) }
        if let source = part.secret { return try await secret(source.name ?? "", source.items, mode, source.optional ?? false) }
        if let source = part.downwardAPI { return try downward(source.items, mode) }
        if let source = part.serviceAccountToken {
            let token = try await tokens.token(
                pod, audience: source.audience ?? "", expirationSeconds: source.expirationSeconds ?? 3600)
            var file = VolumeFile(bytes: Array(token.utf8), mode: mode)
            if let user = commonUser {
                file.user = user
                file.mode = 0o600
            } else if pod.spec.securityContext?.fsGroup != nil {
                file.mode = 0o600
            }
            return [source.path: file]
        }
        throw KubeletError("a projected volume source of this kind is not supported on this node")
    }

    /// The user that all containers run as, when they agree and say so.
    private var commonUser: uid_t? {
        let shared = pod.spec.securityContext?.runAsUser
        let users = Set((pod.spec.initContainers + pod.spec.containers).map { $0.securityContext?.runAsUser ?? shared })
        guard users.count == 1, let user = users.first ?? nil else { return nil }
        return uid_t(exactly: user)
    }

    private func configMap(_ name: String, _ items: [KeyToPath], _ mode: mode_t, _ optional: Bool) async throws -> [String: VolumeFile] {
        let found: ConfigMap
        do {
            found = try await objects.configMap(name, namespace: pod.namespace)
        } catch let error as APIStatusError where error.isNotFound && optional {
            return [:]
        }
        var values = found.binaryData
        for (key, text) in found.data { values[key] = Array(text.utf8) }
        return try select(values, items, mode, optional)
    }

    private func secret(_ name: String, _ items: [KeyToPath], _ mode: mode_t, _ optional: Bool) async throws -> [String: VolumeFile] {
        do {
            return try select(try await objects.secret(name, namespace: pod.namespace).data, items, mode, optional)
        } catch let error as APIStatusError where error.isNotFound && optional {
            return [:]
        }
    }

    private func select(_ values: [String: [UInt8]], _ items: [KeyToPath], _ mode: mode_t, _ optional: Bool) throws -> [String: VolumeFile] {
        if items.isEmpty { return values.mapValues { VolumeFile(bytes: $0, mode: mode) } }
        var files: [String: VolumeFile] = [:]
        for item in items {
            guard let bytes = values[item.key] else {
                if optional { continue }
                throw KubeletError("references non-existent config key: \(item.key)")
            }
            files[item.path] = VolumeFile(bytes: bytes, mode: item.mode.map { mode_t(truncatingIfNeeded: $0) & 0o777 } ?? mode)
        }
        return files
    }

    private func downward(_ items: [DownwardAPIVolumeFile], _ mode: mode_t) throws -> [String: VolumeFile] {
        var files: [String: VolumeFile] = [:]
        for item in items {
            let text: String
            if let reference = item.fieldRef {
                text = try FieldReference.value(reference.fieldPath, pod, node, podIPs: podIPs)
            } else if let reference = item.resourceFieldRef {
                guard let found = pod.container(reference.containerName ?? "") else {
                    throw KubeletError("container \(reference.containerName ?? "") not found")
                }
                text = try ResourceReference.value(reference.resource, divisor: reference.divisor, found.container, pod, node)
            } else {
                continue
            }
            let own = item.mode.map { mode_t(truncatingIfNeeded: $0) & 0o777 } ?? mode
            files[item.path] = VolumeFile(bytes: Array(text.utf8), mode: own)
        }
        return files
    }

    private func mode(_ value: Int32?) -> mode_t {
        value.map { mode_t(truncatingIfNeeded: $0) & 0o777 } ?? VolumePayload.defaultMode
    }
}
