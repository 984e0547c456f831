import JSON

/// A cluster that has proven to be the one meant, and how to make the first request to it.
struct BelievedCluster: Sendable {
    static let user = "tls-bootstrap-token-user"

    /// Such as `https://10.0.2.15:6443`.
    var server: String
    var authorityPEM: [UInt8]
    /// The user of a kubeconfig: a token, or a certificate with its key.
    var credentials: JSONValue

    /// What the kubelet asks for its certificate with.
    var bootstrapKubeconfig: String {
        let context = "\(Self.user)@kubernetes"
        return YAMLText.of([
            "apiVersion": "v1", "kind": "Config",
            "clusters": [
                [
                    "cluster": ["certificate-authority-data": .string(Base64.encode(authorityPEM)), "server": .string(server)],
                    "name": "kubernetes",
                ]
            ],
            "contexts": [["context": ["cluster": "kubernetes", "user": .string(Self.user)], "name": .string(context)]],
            "current-context": .string(context), "preferences": [:],
            "users": [["name": .string(Self.user), "user": credentials]],
        ])
    }
}
