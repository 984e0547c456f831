/// Annotations by which those who bind and make volumes tell each other what is done. Names are upstream's.
package enum VolumeNames {
    /// On a claim: its binding is complete.
    package static let bindCompleted = "pv.kubernetes.io/bind-completed"
    /// On a claim or volume: the controller chose the other one, and may undo the choice.
    package static let boundByController = "pv.kubernetes.io/bound-by-controller"
    /// On a claim: the node on which the scheduler wants its volume.
    package static let selectedNode = "volume.kubernetes.io/selected-node"
    /// On a claim: who is to make its volume.
    package static let provisioner = "volume.kubernetes.io/storage-provisioner"
    package static let provisionerBeta = "volume.beta.kubernetes.io/storage-provisioner"
    /// On a volume: who made it.
    package static let provisionedBy = "pv.kubernetes.io/provisioned-by"
    package static let classBeta = "volume.beta.kubernetes.io/storage-class"
    /// Who makes nothing: volumes of such a class are made by people.
    package static let noProvisioner = "kubernetes.io/no-provisioner"
    package static let waitForFirstConsumer = "WaitForFirstConsumer"
}
