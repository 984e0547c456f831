import JSON
import NIOHTTP1
import Testing

@testable import APIServer

@Suite struct PodSecurityTests {
    /// A pod that keeps to the restricted level.
    private static let good: JSONValue = [
        "securityContext": ["runAsNonRoot": true, "seccompProfile": ["type": "RuntimeDefault"]],
        "containers": [["name": "a", "securityContext": ["allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]]]]],
    ]

    private static func with(_ edit: (inout JSONValue) -> Void) -> JSONValue {
        var spec = good
        edit(&spec)
        return spec
    }

    private static func container(_ edit: @escaping (inout JSONValue) -> Void) -> JSONValue {
        with { spec in spec.editEach("containers") { edit(&$0) } }
    }

    private func findings(_ spec: JSONValue, _ level: PodSecurityLevel, _ version: PodSecurityVersion = .latest, metadata: JSONValue = [:])
        -> [String]
    {
        PodSecurityCheck.findings(CheckedPod(metadata: metadata, spec: spec), PodSecurityStandard(level, version)).map(\.text)
    }

    private struct Row: Sendable {
        var spec: JSONValue
        var baseline: [String]
        /// Nil where restricted says the same as baseline.
        var restricted: [String]?
    }

    private static let rows: [Row] = {
        var rows: [Row] = []
        func add(_ spec: JSONValue, _ baseline: [String], _ restricted: [String]?) {
            rows.append(Row(spec: spec, baseline: baseline, restricted: restricted))
        }
        add(good, [], [])
        add(
            with {
                $0["hostNetwork"] = true; $0["hostPID"] = true
            }, ["host namespaces (hostNetwork=true, hostPID=true)"], nil)
        add(
            with { $0["volumes"] = [["name": "v", "hostPath": ["path": "/"]]] }, [#"hostPath volumes (volume "v")"#],
            [#"restricted volume types (volume "v" uses restricted volume type "hostPath")"#])
        add(
            with { $0["volumes"] = [["name": "v", "nfs": [:]], ["name": "w", "emptyDir": [:]]] }, [],
            [#"restricted volume types (volume "v" uses restricted volume type "nfs")"#])
        add(
            container { $0["securityContext"]?["privileged"] = true }, [#"privileged (container "a" must not set securityContext.privileged=true)"#],
            nil)
        add(container { $0["ports"] = [["hostPort": 80], ["hostPort": 8080]] }, [#"hostPort (container "a" uses hostPorts 80, 8080)"#], nil)
        add(
            container { $0["securityContext"]?["procMount"] = "Unmasked" },
            [#"procMount (container "a" must not set securityContext.procMount to "Unmasked")"#], nil)
        add(
            container { $0["securityContext"]?["capabilities"]?["add"] = ["SYS_ADMIN", "CHOWN"] },
            [#"non-default capabilities (container "a" must not include "SYS_ADMIN" in securityContext.capabilities.add)"#],
            [#"unrestricted capabilities (container "a" must not include "CHOWN", "SYS_ADMIN" in securityContext.capabilities.add)"#])
        add(
            container { $0["securityContext"]?["capabilities"] = nil }, [],
            [#"unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"])"#])
        add(container { $0["securityContext"]?["capabilities"]?["add"] = ["NET_BIND_SERVICE"] }, [], [])
        add(
            container { $0["securityContext"]?["allowPrivilegeEscalation"] = nil }, [],
            [#"allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)"#])
        add(
            with { $0["securityContext"]?["runAsNonRoot"] = nil }, [],
            [#"runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)"#])
        add(
            with { $0["securityContext"]?["runAsNonRoot"] = false }, [],
            [#"runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)"#])
        add(container { $0["securityContext"]?["runAsUser"] = 0 }, [], [#"runAsUser=0 (container "a" must not set runAsUser=0)"#])
        add(
            with { $0["securityContext"]?["seccompProfile"] = nil }, [],
            [#"seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#])
        add(
            with { $0["securityContext"]?["seccompProfile"] = ["type": "Unconfined"] },
            [#"seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")"#],
            [#"seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")"#])
        add(
            with { $0["securityContext"]?["sysctls"] = [["name": "kernel.msgmax"], ["name": "net.ipv4.tcp_rmem"]] },
            ["forbidden sysctls (kernel.msgmax)"], nil)
        add(
            with { $0["securityContext"]?["seLinuxOptions"] = ["type": "spc_t", "user": "u"] },
            [#"seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)"#], nil)
        add(
            container { $0["securityContext"]?["appArmorProfile"] = ["type": "Unconfined"] },
            [#"forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")"#], nil)
        add(
            with { $0["securityContext"]?["windowsOptions"] = ["hostProcess": true] },
            ["hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)"], nil)
        add(
            container { $0["livenessProbe"] = ["httpGet": ["host": "10.0.0.1"]] },
            [#"probe or lifecycle host (container "a" uses probe or lifecycle host "10.0.0.1")"#], nil)
        return rows
    }()

    @Test func findingsOfLevels() {
        for row in Self.rows {
            #expect(findings(row.spec, .privileged) == [])
            #expect(findings(row.spec, .baseline) == row.baseline)
            // What baseline forbids restricted does too, unless it says it in its own words.
            #expect(findings(row.spec, .restricted) == row.restricted ?? row.baseline)
        }
    }

    @Test func everyContainerIsLookedAt() {
        let bad: JSONValue = [
            "name": "i", "securityContext": ["privileged": true, "allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]]],
        ]
        for list in ["initContainers", "ephemeralContainers"] {
            #expect(findings(Self.with { $0[list] = [bad] }, .baseline).count == 1, "\(list)")
        }
    }

    @Test func versions() {
        let tcp = Self.with { $0["securityContext"]?["sysctls"] = [["name": "net.ipv4.tcp_rmem"]] }
        #expect(findings(tcp, .baseline, .minor(31)).count == 1)
        #expect(findings(tcp, .baseline, .minor(32)).isEmpty)
        let capabilities = Self.container { $0["securityContext"]?["capabilities"] = nil }
        #expect(findings(capabilities, .restricted, .minor(21)).isEmpty)
        #expect(findings(capabilities, .restricted, .minor(22)).count == 1)
        #expect(PodSecurityVersion("v1.30") == .minor(30))
        for text in ["", "1.30", "v1", "v1.", "v1.030", "v2.1", "v1.-1", "newest"] { #expect(PodSecurityVersion(text) == nil) }
    }

    @Test func labels() {
        func read(_ labels: [String: String]) -> (PodSecurityPolicy, [String]) {
            var mistakes: [FieldError] = []
            var tree: JSONValue = [:]
            for (key, value) in labels { tree["pod-security.kubernetes.io/" + key] = .string(value) }
            let policy = PodSecurityPolicy(labels: tree, defaults: .privileged, mistakes: &mistakes)
            return (policy, mistakes.map(\.description))
        }
        #expect(read([:]).0 == .privileged)
        let (policy, mistakes) = read(["enforce": "baseline", "enforce-version": "v1.30", "warn": "restricted"])
        #expect(policy.enforce.text == "baseline:v1.30")
        #expect(policy.warn.text == "restricted:latest")
        #expect(mistakes.isEmpty)
        let wrong = read(["enforce": "strict", "audit-version": "1.2"])
        // A word that nobody knows must not open the door.
        #expect(wrong.0.enforce.level == .restricted)
        #expect(
            wrong.1 == [
                #"metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted"#,
                #"metadata.labels[pod-security.kubernetes.io/audit-version]: Invalid value: "1.2": must be "latest" or "v1.x""#,
            ])
    }

    @Test func throughTheServer() async throws {
        try await WholeServer.with { whole in
            let admin = WholeServer.admin
            let labels: JSONValue = ["pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "restricted"]
            #expect(try await whole.call(.POST, "/api/v1/namespaces", ["metadata": ["name": "safe", "labels": labels]], user: admin).status == 201)
            _ = try await whole.call(.POST, "/api/v1/namespaces/safe/serviceaccounts", ["metadata": ["name": "default"]], user: admin)
            func pod(_ name: String, _ spec: JSONValue) -> JSONValue {
                var spec = spec
                spec.editEach("containers") { $0["image"] = "i" }
                return ["metadata": ["name": .string(name)], "spec": spec]
            }
            let refused = try await whole.call(
                .POST, "/api/v1/namespaces/safe/pods", pod("bad", ["hostNetwork": true, "containers": [["name": "a"]]]), user: admin)
            #expect(refused.status == 403)
            #expect(
                refused.json["message"]?.stringValue
                    == #"pods "bad" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)"#)
            let warned = try await whole.call(.POST, "/api/v1/namespaces/safe/pods", pod("plain", ["containers": [["name": "a"]]]), user: admin)
            #expect(warned.status == 201)
            #expect(warned.headers.first(name: "Warning")?.contains("would violate PodSecurity \\\"restricted:latest\\\"") == true)
            let quiet = try await whole.call(.POST, "/api/v1/namespaces/safe/pods", pod("good", Self.good), user: admin)
            #expect(quiet.status == 201)
            #expect(quiet.headers.first(name: "Warning") == nil)
            let raised = try await whole.call(
                .PATCH, "/api/v1/namespaces/safe", ["metadata": ["labels": ["pod-security.kubernetes.io/enforce": "restricted"]]], user: admin,
                headers: ["Content-Type": "application/merge-patch+json"])
            #expect(raised.headers["Warning"].contains { $0.contains("existing pods in namespace") })
            let unknown = try await whole.call(
                .POST, "/api/v1/namespaces", ["metadata": ["name": "odd", "labels": ["pod-security.kubernetes.io/enforce": "strict"]]], user: admin)
            #expect(unknown.status == 422)
        }
    }
}
