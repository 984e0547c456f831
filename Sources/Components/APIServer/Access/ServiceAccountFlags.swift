import Flags
import PKI

/// The keys and makers of service accounts' tokens.
enum ServiceAccountFlags {
    private static let lifeMin = Duration.seconds(3600)
    private static let lifeMax = Duration.seconds(Int64(1) << 32)

    static func tokens(_ flags: FlagValues) throws -> ServiceAccountTokens {
        guard let path = flags.text("service-account-signing-key-file") else {
            throw FlagProblem("--service-account-signing-key-file must be given: without it pods get no identity")
        }
        let issuers = flags.list("service-account-issuer")
        guard let issuer = issuers.first, !issuers.contains("") else { throw FlagProblem("--service-account-issuer must not be empty") }
        let audiences = flags.list("api-audiences")
        var tokens = try ServiceAccountTokens(
            key: try KeyPair(pem: try ServingFiles.read(path), what: path), olderKeys: try keys(flags), issuer: issuer,
            olderIssuers: Array(issuers.dropFirst()), audiences: audiences.isEmpty ? nil : audiences)
        tokens.keySetURI = flags.text("service-account-jwks-uri")
        if let uri = tokens.keySetURI, !uri.hasPrefix("https://") { throw FlagProblem("--service-account-jwks-uri \(uri) must begin with https://") }
        let life = flags.duration("service-account-max-token-expiration")
        if life != .zero {
            guard (lifeMin...lifeMax).contains(life) else {
                throw FlagProblem("--service-account-max-token-expiration must be between 1 hour and 2^32 seconds")
            }
            tokens.secondsMax = life.components.seconds
        }
        return tokens
    }

    /// Public keys, or the public halves of private ones; a file may hold several.
    private static func keys(_ flags: FlagValues) throws -> [TokenVerificationKey] {
        try flags.list("service-account-key-file").flatMap { path in
            let keys = try TokenVerificationKey.all(pem: try ServingFiles.read(path), what: path)
            if keys.isEmpty { throw FlagProblem("--service-account-key-file \(path): it holds no key in PEM form") }
            return keys
        }
    }
}
