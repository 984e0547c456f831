import Testing

@testable import APIServer

@Suite struct AdmissionFileTests {
    private static let podSecurity = """
        apiVersion: pod-security.admission.config.k8s.io/v1
        kind: PodSecurityConfiguration
        defaults: {enforce: baseline, enforce-version: v1.30, warn: restricted}
        exemptions: {usernames: [ci], namespaces: [kube-system], runtimeClasses: [kata]}
        """

    private static func file(_ body: String, files: [String: String] = [:]) throws -> AdmissionFile {
        let text = "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n\(body)"
        return try AdmissionFile(yaml: Array(text.utf8), path: "/etc/admission.yaml") { path in
            guard let found = files[path] else { throw ConfigurationFileError(file: path, field: "", problem: "there is no such file") }
            return Array(found.utf8)
        }
    }

    private static func inline(_ body: String) -> String {
        "plugins:\n- name: PodSecurity\n  configuration:\n"
            + body.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
    }

    @Test func settingsOfPodSecurity() throws {
        let places = [
            try Self.file(Self.inline(Self.podSecurity)),
            try Self.file("plugins: [{name: PodSecurity, path: ps.yaml}]", files: ["/etc/ps.yaml": Self.podSecurity]),
            try Self.file("plugins: [{name: PodSecurity, path: /ps.yaml}]", files: ["/ps.yaml": Self.podSecurity]),
        ]
        for file in places {
            let settings = try #require(file.podSecurity)
            #expect(settings.defaults.enforce == PodSecurityStandard(.baseline, .minor(30)))
            #expect(settings.defaults.warn == PodSecurityStandard(.restricted) && settings.defaults.audit == PodSecurityStandard(.privileged))
            #expect(settings.exemptUsernames == ["ci"] && settings.exemptNamespaces == ["kube-system"] && settings.exemptRuntimeClasses == ["kata"])
        }
        #expect(try Self.file("plugins: []").podSecurity == nil)
    }

    private static let head = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n"

    @Test(
        arguments: [
            ("plugins: [{name: ImagePolicyWebhook}]", "plugins[0].name: the plugin ImagePolicyWebhook takes no settings here; PodSecurity does"),
            ("plugins: [{name: PodSecurity}, {name: PodSecurity}]", "plugins[1].name: Duplicate value: \"PodSecurity\""),
            ("plugins: [{name: PodSecurity, path: no.yaml}]", "plugins[0].path: /etc/no.yaml: there is no such file"),
            (
                inline(head + "defaults: {enforce: strict}"),
                "plugins[0].configuration.defaults.enforce: Invalid value: \"strict\": must be one of privileged, baseline, restricted"
            ),
            (
                inline(head + "defaults: {audit-version: '1.30'}"),
                "plugins[0].configuration.defaults.audit-version: Invalid value: \"1.30\": must be \"latest\" or \"v1.x\""
            ),
            (inline(head + "exemptions: {namespaces: [a, a]}"), "plugins[0].configuration.exemptions.namespaces[1]: Duplicate value: \"a\""),
            (inline(head + "default: {}"), "plugins[0].configuration.default: unknown field; there are defaults, exemptions"),
        ])
    func refusals(_ body: String, _ message: String) {
        let error = #expect(throws: ConfigurationFileError.self) { try Self.file(body) }
        #expect(error?.description == "/etc/admission.yaml: \(message)")
    }
}
