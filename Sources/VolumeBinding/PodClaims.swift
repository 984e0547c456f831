package import CoreV1
import KubernetesAPI

/// A claim that a pod's volume is filled with.
package struct PodClaim: Sendable, Equatable {
    package var name: String
    /// Made for this pod alone, and gone with it.
    package var isEphemeral: Bool
}

extension Pod {
    /// The claim behind a volume; nil when it has none.
    package func claim(of volume: Volume) -> PodClaim? {
        if let source = volume.persistentVolumeClaim { return PodClaim(name: source.claimName, isEphemeral: false) }
        return volume.ephemeral == nil ? nil : PodClaim(name: "\(metadata.name ?? "")-\(volume.name)", isEphemeral: true)
    }

    package var claims: [PodClaim] { spec.volumes.compactMap { claim(of: $0) } }
}
