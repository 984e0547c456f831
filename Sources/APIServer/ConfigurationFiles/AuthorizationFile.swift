import JSON
import KubernetesAPI

/// What an `AuthorizationConfiguration` (apiserver.config.k8s.io) says: who decides what users may do, in which order.
package struct AuthorizationFile: Sendable {
    package struct Webhook: Sendable {
        package var name: String
        package var settings: WebhookAuthorizer.Settings
        /// The kubeconfig that says where it is.
        package var kubeconfig: String
    }

    package enum Member: Sendable {
        case mode(AuthorizationMode)
        case webhook(Webhook)
    }

    package private(set) var members: [Member] = []

    private static let versions = ["apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1"]
    private static let timeoutMax = Duration.seconds(30)

    package init(yaml bytes: [UInt8], path: String) throws(ConfigurationFileError) {
        let root = try ConfigurationNode(yaml: bytes, file: path, kind: "AuthorizationConfiguration", versions: Self.versions)
        try root.allow("authorizers")
        var types: Set<String> = []
        var names: Set<String> = []
        for node in try root.children("authorizers") {
            try node.allow("type", "name", "webhook")
            let type = try node.required("type")
            if !types.insert(type).inserted, type != "Webhook" { throw node.error("type", "Duplicate value: \(goQuoted(type))") }
            let name = try node.required("name")
            guard names.insert(name).inserted else { throw node.error("name", "Duplicate value: \(goQuoted(name))") }
            if let problem = NameValidation.dns1123Subdomain(name).first {
                throw node.error("name", "Invalid value: \(goQuoted(name)): authorizer name is invalid: \(problem)")
            }
            members.append(try Self.member(type, name, node))
        }
        if members.isEmpty { throw root.error("authorizers", "Required value: at least one authorization mode must be defined") }
    }

    private static func member(_ type: String, _ name: String, _ node: ConfigurationNode) throws(ConfigurationFileError) -> Member {
        let webhook = try node.child("webhook")
        if type == "Webhook" {
            guard let webhook else { throw node.error("webhook", "Required value: required when type=Webhook") }
            return .webhook(try self.webhook(name, webhook))
        }
        if webhook != nil { throw node.error("webhook", "Invalid value: \"non-null\": may only be specified when type=Webhook") }
        if type == "ABAC" { throw node.error("type", "ABAC is not supported: use RBAC") }
        guard let mode = AuthorizationMode(name: type) else {
            throw node.error(
                "type",
                "Unsupported value: \(goQuoted(type)): supported values: \"AlwaysAllow\", \"AlwaysDeny\", \"Node\", \"RBAC\", \"Webhook\"")
        }
        return .mode(mode)
    }

    private static func webhook(_ name: String, _ node: ConfigurationNode) throws(ConfigurationFileError) -> Webhook {
        try node.allow(
            "authorizedTTL", "cacheAuthorizedRequests", "unauthorizedTTL", "cacheUnauthorizedRequests", "timeout", "subjectAccessReviewVersion",
            "matchConditionSubjectAccessReviewVersion", "failurePolicy", "connectionInfo", "matchConditions")
        var settings = WebhookAuthorizer.Settings()
        guard let timeout = try node.duration("timeout"), timeout != .zero else { throw node.error("timeout", "Required value") }
        guard timeout > .zero, timeout <= timeoutMax else { throw node.error("timeout", "Invalid value: must be > 0s and <= 30s") }
        settings.timeout = timeout
        settings.authorizedLife = try life("authorizedTTL", "cacheAuthorizedRequests", node, settings.authorizedLife)
        settings.unauthorizedLife = try life("unauthorizedTTL", "cacheUnauthorizedRequests", node, settings.unauthorizedLife)
        settings.version = try node.oneOf("subjectAccessReviewVersion", "v1", "v1beta1")
        settings.deniesOnFailure = try node.oneOf("failurePolicy", "NoOpinion", "Deny") == "Deny"
        if node.has("matchConditionSubjectAccessReviewVersion") { _ = try node.oneOf("matchConditionSubjectAccessReviewVersion", "v1") }
        if let condition = try node.children("matchConditions").first {
            throw condition.error("expression", "expressions (CEL) are not supported: the webhook is asked about every request that gets so far")
        }
        guard let connection = try node.child("connectionInfo") else { throw node.error("connectionInfo.type", "Required value") }
        try connection.allow("type", "kubeConfigFile")
        if try connection.oneOf("type", "InClusterConfig", "KubeConfigFile") == "InClusterConfig" {
            throw connection.error("type", "Invalid value: \"InClusterConfig\": an API server cannot ask itself; use KubeConfigFile")
        }
        let kubeconfig = try connection.required("kubeConfigFile")
        guard kubeconfig.hasPrefix("/") else {
            throw connection.error("kubeConfigFile", "Invalid value: \(goQuoted(kubeconfig)): must be an absolute path")
        }
        return Webhook(name: name, settings: settings, kubeconfig: kubeconfig)
    }

    /// How long answers count; zero when they are not to be remembered.
    private static func life(
        _ name: String, _ switchName: String, _ node: ConfigurationNode, _ standard: Duration
    ) throws(ConfigurationFileError) -> Duration {
        let given = try node.duration(name)
        if let given, given <= .zero { throw node.error(name, "Invalid value: must be > 0s") }
        return try node.bool(switchName) ?? true ? given ?? standard : .zero
    }
}
