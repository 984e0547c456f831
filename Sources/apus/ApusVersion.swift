/// What this is, and which Kubernetes it speaks.
enum ApusVersion {
    static let number = "0.1.0"
    /// As `/version` and the nodes say it.
    static let kubernetes = "v1.36.3+apus.\(number)"
    static let text = "apus \(number) (Kubernetes \(kubernetes))"
}
