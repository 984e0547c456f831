/// What this is, and which Kubernetes it speaks.
package enum ApusVersion {
    package static let number = "0.1.0"
    /// The release of upstream that this is like.
    package static let upstream = "v1.36.3"
    /// As `/version` and the nodes say it.
    package static let kubernetes = "\(upstream)+apus.\(number)"
    package static let text = "apus \(number) (Kubernetes \(kubernetes))"
}
