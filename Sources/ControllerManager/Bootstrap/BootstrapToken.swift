import CoreV1
import KubernetesAPI

/// A token of a new node as its secret holds it.
struct BootstrapToken {
    static let namespace = "kube-system"
    static let secretType = "bootstrap.kubernetes.io/token"
    private static let namePrefix = "bootstrap-token-"

    var id: String
    var secret: [UInt8]

    /// Whether the secret is in the place and of the type of a bootstrap token. Says nothing about what is in it.
    static func isToken(_ secret: Secret) -> Bool {
        secret.type == secretType && secret.metadata.namespace == namespace && secret.metadata.name?.hasPrefix(namePrefix) == true
    }

    /// When the token ends, in seconds since 1970: nil for one that does not end. One whose end cannot be read has ended.
    static func end(_ secret: Secret) -> Int64? {
        guard let text = text(secret, "expiration"), !text.isEmpty else { return nil }
        return Time(text)?.seconds ?? .min
    }

    /// The token, if it is whole, still counts at `now` and may be used for signing.
    init?(signing secret: Secret, now: Int64) {
        guard Self.isToken(secret), let id = Self.text(secret, "token-id"), secret.metadata.name == Self.namePrefix + id,
            let bytes = secret.data["token-secret"], !bytes.isEmpty, Self.text(secret, "usage-bootstrap-signing") == "true"
        else { return nil }
        if let end = Self.end(secret), end <= now { return nil }
        self.id = id
        self.secret = bytes
    }

    private static func text(_ secret: Secret, _ key: String) -> String? {
        secret.data[key].map { String(decoding: $0, as: UTF8.self) }
    }
}
