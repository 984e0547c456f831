/// Where a request is relayed to and in what form.
struct Backend: Sendable {
    enum Security: Sendable {
        case plain
        /// A kubelet: we show our client certificate and check its serving certificate against the cluster's authority.
        case kubelet
        /// TLS to a pod, whose certificate nobody can check.
        case unverified
    }

    var host: String
    var port: Int
    var security: Security
    /// Path and query, escaped.
    var uri: String

    /// The `Host` header.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
