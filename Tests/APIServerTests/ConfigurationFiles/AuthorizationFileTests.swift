import Testing

@testable import APIServer

@Suite struct AuthorizationFileTests {
    private static func file(_ body: String) throws -> AuthorizationFile {
        let text = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n\(body)"
        return try AuthorizationFile(yaml: Array(text.utf8), path: "z.yaml")
    }

    @Test func everythingThatIsSupported() throws {
        let file = try Self.file(
            """
            authorizers:
            - {type: Node, name: node}
            - type: Webhook
              name: first.example.com
              webhook:
                timeout: 3s
                authorizedTTL: 10s
                cacheUnauthorizedRequests: false
                subjectAccessReviewVersion: v1beta1
                matchConditionSubjectAccessReviewVersion: v1
                failurePolicy: Deny
                connectionInfo: {type: KubeConfigFile, kubeConfigFile: /etc/first.conf}
            - {type: RBAC, name: rbac}
            - type: Webhook
              name: second
              webhook:
                timeout: 30s
                subjectAccessReviewVersion: v1
                failurePolicy: NoOpinion
                connectionInfo: {type: KubeConfigFile, kubeConfigFile: /etc/second.conf}
            - {type: AlwaysDeny, name: never}
            """)
        var names: [String] = []
        var webhooks: [AuthorizationFile.Webhook] = []
        for member in file.members {
            switch member {
            case .mode(let mode): names.append(mode.name)
            case .webhook(let webhook):
                names.append(webhook.name)
                webhooks.append(webhook)
            }
        }
        #expect(names == ["Node", "first.example.com", "RBAC", "second", "AlwaysDeny"])
        let (first, second) = (webhooks[0].settings, webhooks[1].settings)
        #expect(first.timeout == .seconds(3) && first.authorizedLife == .seconds(10) && first.unauthorizedLife == .zero)
        #expect(first.version == "v1beta1" && first.deniesOnFailure && webhooks[0].kubeconfig == "/etc/first.conf")
        #expect(second.authorizedLife == .seconds(300) && second.unauthorizedLife == .seconds(30) && !second.deniesOnFailure)
    }

    private static func webhook(_ change: String) -> String {
        let fields = [
            "timeout": "3s", "subjectAccessReviewVersion": "v1", "failurePolicy": "Deny",
            "connectionInfo": "{type: KubeConfigFile, kubeConfigFile: /x}",
        ]
        let name = String(change.prefix { $0 != ":" })
        let lines = fields.filter { $0.key != name }.map { "\($0.key): \($0.value)" } + (change.hasSuffix(":") ? [] : [change])
        return "authorizers: [{type: Webhook, name: w, webhook: {\(lines.joined(separator: ", "))}}]"
    }

    @Test(
        arguments: [
            ("authorizers: []", "authorizers: Required value: at least one authorization mode must be defined"),
            ("authorizers: [{name: x}]", "authorizers[0].type: Required value"),
            ("authorizers: [{type: RBAC}]", "authorizers[0].name: Required value"),
            ("authorizers: [{type: RBAC, name: a}, {type: RBAC, name: b}]", "authorizers[1].type: Duplicate value: \"RBAC\""),
            ("authorizers: [{type: RBAC, name: a}, {type: Node, name: a}]", "authorizers[1].name: Duplicate value: \"a\""),
            ("authorizers: [{type: ABAC, name: a}]", "authorizers[0].type: ABAC is not supported: use RBAC"),
            (
                "authorizers: [{type: Magic, name: a}]",
                "authorizers[0].type: Unsupported value: \"Magic\": supported values: \"AlwaysAllow\", \"AlwaysDeny\", \"Node\", \"RBAC\", \"Webhook\""
            ),
            ("authorizers: [{type: Webhook, name: a}]", "authorizers[0].webhook: Required value: required when type=Webhook"),
            (
                "authorizers: [{type: RBAC, name: a, webhook: {}}]",
                "authorizers[0].webhook: Invalid value: \"non-null\": may only be specified when type=Webhook"
            ),
            (webhook("timeout:"), "authorizers[0].webhook.timeout: Required value"),
            (webhook("timeout: 31s"), "authorizers[0].webhook.timeout: Invalid value: must be > 0s and <= 30s"),
            (webhook("authorizedTTL: 0s"), "authorizers[0].webhook.authorizedTTL: Invalid value: must be > 0s"),
            (
                webhook("subjectAccessReviewVersion: v2"),
                "authorizers[0].webhook.subjectAccessReviewVersion: Unsupported value: \"v2\": supported values: \"v1\", \"v1beta1\""
            ),
            (
                webhook("failurePolicy: Allow"),
                "authorizers[0].webhook.failurePolicy: Unsupported value: \"Allow\": supported values: \"NoOpinion\", \"Deny\""
            ),
            (
                webhook("matchConditions: [{expression: 'true'}]"),
                "authorizers[0].webhook.matchConditions[0].expression: expressions (CEL) are not supported: the webhook is asked about every request that gets so far"
            ),
            (
                webhook("connectionInfo: {type: InClusterConfig}"),
                "authorizers[0].webhook.connectionInfo.type: Invalid value: \"InClusterConfig\": an API server cannot ask itself; use KubeConfigFile"
            ),
            (
                webhook("connectionInfo: {type: KubeConfigFile, kubeConfigFile: x}"),
                "authorizers[0].webhook.connectionInfo.kubeConfigFile: Invalid value: \"x\": must be an absolute path"
            ),
        ])
    func refusals(_ body: String, _ message: String) {
        let error = #expect(throws: ConfigurationFileError.self) { try Self.file(body) }
        #expect(error?.description == "z.yaml: \(message)")
    }
}
