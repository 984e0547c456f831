import JSON
import NIOHTTP1
package import PKI

/// Tells others how to check our service accounts' tokens: OpenID discovery and the key set.
package struct IssuerHandler: Sendable {
    static let paths = ["/.well-known/openid-configuration", "/openid/v1/jwks"]

    private let configuration: [UInt8]
    private let keys: [UInt8]

    /// - Parameter serverAddress: host and port under which the key set can be fetched.
    package init(tokens: ServiceAccountTokens, serverAddress: String) {
        let json: JSONValue = [
            "issuer": .string(tokens.issuer), "jwks_uri": .string(tokens.keySetURI ?? "https://\(serverAddress)/openid/v1/jwks"),
            "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": .array(tokens.algorithms.map { .string($0) }),
        ]
        configuration = json.serialized()
        keys = Array(tokens.keySetJSON.utf8)
    }

    package static func serves(_ path: String) -> Bool { paths.contains(path) }

    package func handle(_ request: APIRequest, _ responder: any Responder) {
        let isKeys = request.path == Self.paths[1]
        responder.respond(
            status: 200,
            headers: [
                "Content-Type": isKeys ? "application/jwk-set+json" : "application/json", "Cache-Control": "public, max-age=3600",
            ], body: isKeys ? keys : configuration)
    }
}
