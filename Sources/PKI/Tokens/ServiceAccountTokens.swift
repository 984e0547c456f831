import JSON

/// Makes and checks the tokens of service accounts (JSON Web Tokens, ES256 or RS256).
package struct ServiceAccountTokens: Sendable {
    private let signingKey: TokenSigningKey
    private let keys: [TokenVerificationKey]
    /// What new tokens name as their maker.
    package let issuer: String
    /// The makers that are believed: `issuer` and those that it has replaced.
    private let issuers: [String]
    /// What a token is for when nobody asks for something else: the API server.
    package let audiences: [String]
    /// The longest life of a token in seconds (`--service-account-max-token-expiration`); nil: as long as it is asked for.
    package var secondsMax: Int64?
    /// Where others find the keys (`--service-account-jwks-uri`); nil: at the API server itself.
    package var keySetURI: String?

    private static let tokenBytesMax = 16 << 10

    /// - Parameter olderKeys: keys whose tokens still count; a key that is about to become the signing one belongs here first.
    /// - Parameter olderIssuers: former values of `issuer` whose tokens still count.
    /// - Throws: `PKIError.malformed` for a key that cannot sign tokens.
    package init(key: KeyPair, olderKeys: [TokenVerificationKey] = [], issuer: String, olderIssuers: [String] = [], audiences: [String]? = nil)
        throws(PKIError)
    {
        signingKey = try TokenSigningKey(key)
        var keys = [signingKey.verification]
        for key in olderKeys where !keys.contains(where: { $0.id == key.id }) { keys.append(key) }
        self.keys = keys
        self.issuer = issuer
        issuers = [issuer] + olderIssuers
        self.audiences = audiences ?? [issuer]
    }

    /// Signs. The claims' issuer is replaced by ours.
    package func sign(_ claims: ServiceAccountClaims) throws(PKIError) -> String {
        var claims = claims
        claims.issuer = issuer
        return try sign(claims.json)
    }

    /// A token that does not end and counts as long as it stands in the secret.
    package func signLegacy(
        namespace: String, account: ServiceAccountClaims.Reference, secret: String
    ) throws(PKIError) -> String {
        try sign(ServiceAccountClaims.legacyJSON(namespace: namespace, account: account, secret: secret))
    }

    private func sign(_ claims: JSONValue) throws(PKIError) -> String {
        let header = #"{"alg":"\#(signingKey.verification.algorithm)","kid":"\#(signingKey.verification.id)"}"#
        let message = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(claims.serialized())
        return message + "." + Base64URL.encode(try signingKey.sign(Array(message.utf8)))
    }

    /// Whether a text is a JSON Web Token that says it was made by us. Nothing is checked: it only tells whom to ask.
    package func hasOwnIssuer(_ token: String) -> Bool {
        guard token.utf8.count <= Self.tokenBytesMax else { return false }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64URL.decode(parts[1]), let found = parse(payload)?["iss"]?.stringValue else { return false }
        return issuers.contains(found) || found == ServiceAccountClaims.legacyIssuer
    }

    /// Checks signature, maker, life and purpose. Whether the account and the bound object still exist is for the caller to ask.
    ///
    /// - Parameter audiences: one of them must be in the token.
    /// - Parameter now: seconds since 1970.
    /// - Throws: `PKIError.tokenRejected`, never with the token in it.
    package func verify(_ token: String, audiences: [String], now: Int64) throws(PKIError) -> ServiceAccountClaims {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, token.utf8.count <= Self.tokenBytesMax, let headerBytes = Base64URL.decode(parts[0]),
            let payload = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2])
        else { throw .tokenRejected(reason: "it is not in the form of a JSON Web Token") }
        guard let header = parse(headerBytes), let algorithm = header["alg"]?.stringValue else {
            throw .tokenRejected(reason: "its header cannot be read")
        }
        let id = header["kid"]?.stringValue
        let message = Array(token.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        // The key's own algorithm decides, never what the token claims about itself.
        let isSigned = keys.contains { key in
            key.algorithm == algorithm && (id == nil || id == key.id) && key.isValid(signature, for: message)
        }
        guard isSigned else { throw .tokenRejected(reason: "its signature does not count") }
        let said = parse(payload)
        guard
            let claims = said.flatMap({
                $0["iss"]?.stringValue == ServiceAccountClaims.legacyIssuer
                    ? ServiceAccountClaims(legacy: $0, audiences: self.audiences) : ServiceAccountClaims(json: $0)
            })
        else {
            throw .tokenRejected(reason: "it is not a token of a service account")
        }
        guard claims.isLegacy || issuers.contains(claims.issuer) else { throw .tokenRejected(reason: "it was made by another issuer") }
        guard now < claims.expires else { throw .tokenRejected(reason: "it has expired") }
        guard now >= claims.notBefore - 60 else { throw .tokenRejected(reason: "it is not valid yet") }
        guard claims.audiences.contains(where: { audiences.contains($0) }) else { throw .tokenRejected(reason: "it is for another audience") }
        return claims
    }

    /// The names of the signature algorithms of all keys, sorted.
    package var algorithms: [String] { Set(keys.map(\.algorithm)).sorted() }

    /// The JSON Web Key Set with the keys whose tokens count.
    package var keySetJSON: String {
        #"{"keys":["# + keys.map(\.jwk).joined(separator: ",") + "]}"
    }

    private func parse(_ bytes: [UInt8]) -> JSONValue? {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            return nil
        }
    }
}
