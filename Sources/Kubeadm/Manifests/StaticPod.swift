/// The manifest of a pod that the kubelet runs by itself, with one container on the machine's own network.
struct StaticPod {
    struct Mount {
        var name: String
        /// Inside as outside.
        var path: String
        var kind: String
        var isReadOnly = true
    }

    struct Probe {
        var host: String
        var port: Int
        var scheme: String
        var path = ""

        func at(_ path: String) -> Probe {
            var probe = self
            probe.path = path
            return probe
        }
    }

    var name: String
    var annotations: [(name: String, value: String)]
    var arguments: [(name: String, value: String)]
    var image: String
    var processor: String
    var memory: String?
    /// Also asked while the container starts.
    var liveness: Probe?
    var readiness: Probe?
    var mounts: [Mount]
    /// Whether the container has no rights on the machine beyond its files.
    var isConfined = false

    /// YAML.
    var text: String {
        var lines = ["apiVersion: v1", "kind: Pod", "metadata:"]
        if !annotations.isEmpty { lines += ["  annotations:"] + annotations.map { "    \($0.name): \($0.value)" } }
        lines += [
            "  labels:", "    component: \(name)", "    tier: control-plane", "  name: \(name)", "  namespace: kube-system",
            "spec:", "  containers:", "  - command:", "    - \(name)",
        ]
        lines += arguments.map { "    - " + Self.quoted("--\($0.name)=\($0.value)") }
        lines += ["    image: \(image)", "    imagePullPolicy: IfNotPresent"]
        if let liveness { lines += Self.lines("livenessProbe", liveness, failures: 8, period: 10) }
        lines += ["    name: \(name)"]
        if let readiness { lines += Self.lines("readinessProbe", readiness, failures: 3, period: 1) }
        lines += ["    resources:", "      requests:", "        cpu: \(processor)"]
        if let memory { lines.append("        memory: \(memory)") }
        if isConfined {
            lines += [
                "    securityContext:", "      allowPrivilegeEscalation: false", "      capabilities:", "        drop:", "        - ALL",
                "      readOnlyRootFilesystem: true",
            ]
        }
        if let liveness { lines += Self.lines("startupProbe", liveness, failures: 24, period: 10) }
        lines += ["    volumeMounts:"]
        for mount in mounts {
            lines += ["    - mountPath: \(mount.path)", "      name: \(mount.name)"]
            if mount.isReadOnly { lines.append("      readOnly: true") }
        }
        lines += ["  hostNetwork: true", "  priority: 2000001000", "  priorityClassName: system-node-critical"]
        lines += ["  securityContext:", "    seccompProfile:", "      type: RuntimeDefault", "  volumes:"]
        for mount in mounts {
            lines += ["  - hostPath:", "      path: \(mount.path)", "      type: \(mount.kind)", "    name: \(mount.name)"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(_ name: String, _ probe: Probe, failures: Int, period: Int) -> [String] {
        [
            "    \(name):", "      failureThreshold: \(failures)", "      httpGet:", "        host: \(probe.host)", "        path: \(probe.path)",
            "        port: \(probe.port)", "        scheme: \(probe.scheme)", "      periodSeconds: \(period)", "      timeoutSeconds: 15",
        ]
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"#\"'{}[]&*!|>%@`,".utf8.contains($0) }
        return isPlain || (text.contains(",") && !text.contains("\"")) ? text : "'\(text)'"
    }
}
