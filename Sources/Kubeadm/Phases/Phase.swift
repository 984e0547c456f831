/// One step of setting up a cluster, under upstream's name.
struct Phase: Sendable {
    var name: String
    var summary: String
    /// Parts that `kubeadm init phase NAME PART` runs by themselves.
    var parts: [String] = []
    /// `part` is nil for all of it.
    var run: @Sendable (_ settings: InitSettings, _ part: String?) async throws -> Void
}

extension Phase {
    /// The phases of `kubeadm init`, in their order.
    static let all: [Phase] = [
        .preflight, .certificates, .kubeconfigs, .store, .controlPlane, .kubeletStart, .waitControlPlane,
        .uploadConfiguration, .uploadCertificates, .markControlPlane, .bootstrapToken, .kubeletFinalize, .addOns,
    ]
}
