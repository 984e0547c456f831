import CoreV1
import KubernetesAPI

/// Values of a pod's own fields, for environment variables and downward API volumes.
enum FieldReference {
    /// - Throws: `KubeletError` for a path that cannot be referred to.
    static func value(_ path: String, _ pod: Pod, _ node: NodeFacts, podIPs: [String]) throws -> String {
        if let (base, key) = subscripted(path) {
            switch base {
            case "metadata.annotations": return pod.metadata.annotations[key] ?? ""
            case "metadata.labels": return pod.metadata.labels[key] ?? ""
            default: throw KubeletError("fieldPath \(Texts.quoted(path)) does not support subscript")
            }
        }
        switch path {
        case "metadata.name": return pod.name
        case "metadata.namespace": return pod.namespace
        case "metadata.uid": return pod.uid
        case "metadata.labels": return map(pod.metadata.labels)
        case "metadata.annotations": return map(pod.metadata.annotations)
        case "spec.nodeName": return pod.spec.nodeName ?? node.name
        case "spec.serviceAccountName": return pod.spec.serviceAccountName ?? ""
        case "status.hostIP": return node.addresses.first ?? ""
        case "status.hostIPs": return node.addresses.joined(separator: ",")
        case "status.podIP": return podIPs.first ?? ""
        case "status.podIPs": return podIPs.joined(separator: ",")
        default: throw KubeletError("unsupported fieldPath: \(path)")
        }
    }

    /// `metadata.labels['key']` in its two parts.
    static func subscripted(_ path: String) -> (base: String, key: String)? {
        guard path.hasSuffix("']"), let open = path.firstIndex(of: "[") else { return nil }
        let rest = path[path.index(after: open)...]
        guard rest.hasPrefix("'"), rest.count >= 3 else { return nil }
        return (String(path[..<open]), String(rest.dropFirst().dropLast(2)))
    }

    /// One `key="escaped value"` per line, sorted: the form of the downward API.
    static func map(_ values: [String: String]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0.key)=\(Texts.quoted($0.value))" }.joined(separator: "\n")
    }
}

/// Requests and limits of a container, for environment variables and downward API volumes.
enum ResourceReference {
    static func value(_ resource: String, divisor: Quantity?, _ container: Container, _ pod: Pod, _ node: NodeFacts) throws -> String {
        let parts = resource.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, parts[0] == "limits" || parts[0] == "requests" else {
            throw KubeletError("unsupported container resource : \(resource)")
        }
        let name = parts[1]
        let isLimit = parts[0] == "limits"
        let written = isLimit ? container.resources?.limits[name] : container.resources?.requests[name] ?? container.resources?.limits[name]
        switch name {
        case "cpu":
            let milli = written?.milliValue ?? (isLimit ? node.allocatable["cpu"]?.milliValue ?? 0 : 0)
            let unit = divisor.map(\.milliValue).flatMap { $0 > 0 ? $0 : nil } ?? 1000
            return String(roundedUp(milli, unit))
        case "memory", "ephemeral-storage":
            let amount = written?.value ?? (isLimit ? node.allocatable[name]?.value ?? 0 : 0)
            return String(roundedUp(amount, divisorValue(divisor)))
        default:
            guard name.hasPrefix("hugepages-") else { throw KubeletError("unsupported container resource : \(resource)") }
            return String(roundedUp(written?.value ?? 0, divisorValue(divisor)))
        }
    }

    private static func divisorValue(_ divisor: Quantity?) -> Int64 {
        divisor.map(\.value).flatMap { $0 > 0 ? $0 : nil } ?? 1
    }

    private static func roundedUp(_ value: Int64, _ unit: Int64) -> Int64 {
        let quotient = value / unit
        return value % unit > 0 ? quotient + 1 : quotient
    }
}
