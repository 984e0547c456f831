/// What this is, and which Kubernetes it speaks.
package enum ApusVersion {
    package static let number = "0.1.0"
    /// As `/version` and the nodes say it.
    package static let kubernetes = "v1.36.3+apus.\(number)"
    package static let text = "apus \(number) (Kubernetes \(kubernetes))"
}
