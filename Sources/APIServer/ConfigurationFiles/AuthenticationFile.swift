import JSON
import PKI

/// What an `AuthenticationConfiguration` (apiserver.config.k8s.io) says: whose JSON Web Tokens count, and where nobody need show who they are.
///
/// Claims are taken by name; what asks for the Common Expression Language is refused.
package struct AuthenticationFile: Sendable {
    package struct Issuer: Sendable {
        package var openID: OpenIDConfiguration
        /// PEM; who may vouch for the issuer's server; nil: the certificates of the machine.
        package var certificateAuthority: [UInt8]?
    }

    package private(set) var issuers: [Issuer] = []
    /// Nil: the file says nothing, and `--anonymous-auth` decides.
    package private(set) var anonymous: AnonymousAccess?

    private static let versions = ["apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1"]
    private static let issuersMax = 64

    /// - Parameter disallowedIssuers: our own, whose tokens are judged by somebody else.
    package init(yaml bytes: [UInt8], path: String, disallowedIssuers: [String]) throws(ConfigurationFileError) {
        let root = try ConfigurationNode(yaml: bytes, file: path, kind: "AuthenticationConfiguration", versions: Self.versions)
        try root.allow("jwt", "anonymous")
        let jwt = try root.children("jwt")
        if jwt.count > Self.issuersMax { throw root.error("jwt", "Too many: \(jwt.count): must have at most \(Self.issuersMax) items") }
        for node in jwt {
            let issuer = try Self.issuer(node, disallowedIssuers)
            if issuers.contains(where: { $0.openID.issuer == issuer.openID.issuer }) {
                throw node.error("issuer.url", "Duplicate value: \(goQuoted(issuer.openID.issuer))")
            }
            if let place = issuer.openID.discoveryURL, issuers.contains(where: { $0.openID.discoveryURL == place }) {
                throw node.error("issuer.discoveryURL", "Duplicate value: \(goQuoted(place))")
            }
            issuers.append(issuer)
        }
        anonymous = try root.child("anonymous").map { node throws(ConfigurationFileError) in try Self.anonymous(node) }
    }

    private static func anonymous(_ node: ConfigurationNode) throws(ConfigurationFileError) -> AnonymousAccess {
        try node.allow("enabled", "conditions")
        var paths: [String] = []
        for condition in try node.children("conditions") {
            try condition.allow("path")
            paths.append(try condition.required("path"))
        }
        guard try node.bool("enabled") ?? false else {
            if !paths.isEmpty { throw node.error("conditions", "enabled should be set to true when conditions are defined") }
            return .nowhere
        }
        return paths.isEmpty ? .everywhere : .paths(paths)
    }

    private static func issuer(_ node: ConfigurationNode, _ disallowed: [String]) throws(ConfigurationFileError) -> Issuer {
        try node.allow("issuer", "claimValidationRules", "claimMappings", "userValidationRules")
        guard let issuer = try node.child("issuer") else { throw node.error("issuer.url", "Required value") }
        try issuer.allow("url", "discoveryURL", "certificateAuthority", "audiences", "audienceMatchPolicy", "egressSelectorType")
        if issuer.has("egressSelectorType") { throw issuer.error("egressSelectorType", "egress through proxies is not supported") }
        let url = try issuer.required("url")
        if disallowed.contains(url) {
            throw issuer.error("url", "URL must not overlap with disallowed issuers: [\(disallowed.joined(separator: " "))]")
        }
        try check(url, issuer, "url")
        var openID = OpenIDConfiguration(issuer: url, audiences: try audiences(issuer))
        if let place = try issuer.optionalString("discoveryURL"), !place.isEmpty {
            if place.withoutSlashes == url.withoutSlashes { throw issuer.error("discoveryURL", "discoveryURL must be different from URL") }
            try check(place, issuer, "discoveryURL")
            openID.discoveryURL = place
        }
        openID.algorithms = JSONWebKeySet.algorithms
        openID.requiredClaims = try requiredClaims(node)
        guard let mappings = try node.child("claimMappings") else {
            throw node.error("claimMappings.username", "Required value: claim or expression is required")
        }
        try map(mappings, &openID)
        if let rule = try node.children("userValidationRules").first { throw expressions(rule, "expression") }
        let authority = try issuer.string("certificateAuthority")
        if !authority.isEmpty, (try? PEMCertificate.all(pem: Array(authority.utf8), what: "the authority"))?.isEmpty ?? true {
            throw issuer.error("certificateAuthority", "Invalid value: it holds no certificate in PEM form")
        }
        return Issuer(openID: openID, certificateAuthority: authority.isEmpty ? nil : Array(authority.utf8))
    }

    private static func check(_ url: String, _ node: ConfigurationNode, _ name: String) throws(ConfigurationFileError) {
        guard url.hasPrefix("https://"), url.utf8.count > 8 else {
            throw node.error(name, "Invalid value: \(goQuoted(url)): URL scheme must be https")
        }
        let authority = url.dropFirst(8).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.contains("@") { throw node.error(name, "Invalid value: URL must not contain a username or password") }
        if url.contains("?") { throw node.error(name, "Invalid value: \(goQuoted(url)): URL must not contain a query") }
        if url.contains("#") { throw node.error(name, "Invalid value: \(goQuoted(url)): URL must not contain a fragment") }
    }

    private static func audiences(_ node: ConfigurationNode) throws(ConfigurationFileError) -> [String] {
        let audiences = try node.strings("audiences")
        if audiences.isEmpty { throw node.error("audiences", "Required value: at least one \(node.field).audiences is required") }
        for (index, audience) in audiences.enumerated() {
            if audience.isEmpty { throw node.error("audiences[\(index)]", "Required value") }
            if audiences[..<index].contains(audience) { throw node.error("audiences[\(index)]", "Duplicate value: \(goQuoted(audience))") }
        }
        let policy = try node.string("audienceMatchPolicy")
        if audiences.count > 1, policy != "MatchAny" {
            throw node.error("audienceMatchPolicy", "Invalid value: \(goQuoted(policy)): audienceMatchPolicy must be MatchAny for multiple audiences")
        }
        if !policy.isEmpty, policy != "MatchAny" {
            throw node.error(
                "audienceMatchPolicy", "Invalid value: \(goQuoted(policy)): audienceMatchPolicy must be empty or MatchAny for single audience")
        }
        return audiences
    }

    private static func requiredClaims(_ node: ConfigurationNode) throws(ConfigurationFileError) -> [String: String] {
        var claims: [String: String] = [:]
        for rule in try node.children("claimValidationRules") {
            try rule.allow("claim", "requiredValue", "expression", "message")
            if rule.has("expression") { throw expressions(rule, "expression") }
            let claim = try rule.string("claim")
            if claim.isEmpty { throw rule.error("Required value: claim or expression is required") }
            if rule.has("message") { throw rule.error("message", "Invalid value: may not be specified when claim is set") }
            if claims.updateValue(try rule.string("requiredValue"), forKey: claim) != nil {
                throw rule.error("claim", "Duplicate value: \(goQuoted(claim))")
            }
        }
        return claims
    }

    private static func map(_ node: ConfigurationNode, _ openID: inout OpenIDConfiguration) throws(ConfigurationFileError) {
        try node.allow("username", "groups", "uid", "extra")
        guard let (name, namePrefix) = try prefixedClaim(node, "username") else {
            throw node.error("username", "Required value: claim or expression is required")
        }
        openID.usernameClaim = name
        openID.usernamePrefix = namePrefix
        if let (groups, groupsPrefix) = try prefixedClaim(node, "groups") {
            openID.groupsClaim = groups
            openID.groupsPrefix = groupsPrefix
        }
        if let uid = try node.child("uid") {
            try uid.allow("claim", "expression")
            if uid.has("expression") { throw expressions(uid, "expression") }
            let claim = try uid.string("claim")
            if !claim.isEmpty { openID.uidClaim = claim }
        }
        if let extra = try node.children("extra").first { throw expressions(extra, "valueExpression") }
    }

    /// Nil when the mapping names no claim.
    private static func prefixedClaim(_ node: ConfigurationNode, _ name: String) throws(ConfigurationFileError) -> (claim: String, prefix: String)? {
        guard let mapping = try node.child(name) else { return nil }
        try mapping.allow("claim", "prefix", "expression")
        if mapping.has("expression") { throw expressions(mapping, "expression") }
        let claim = try mapping.string("claim")
        if claim.isEmpty { return nil }
        guard let prefix = try mapping.optionalString("prefix") else {
            throw mapping.error(
                "prefix", "Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing")
        }
        return (claim, prefix)
    }

    private static func expressions(_ node: ConfigurationNode, _ name: String) -> ConfigurationFileError {
        node.error(name, "expressions (CEL) are not supported: name a claim")
    }
}

extension String {
    /// Without slashes at its end.
    fileprivate var withoutSlashes: Substring {
        var text = self[...]
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }
}
