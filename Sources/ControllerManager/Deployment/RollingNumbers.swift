import AppsV1
import KubernetesAPI

/// The arithmetic of a rolling update, apart from all doing.
struct RollingNumbers: Equatable {
    /// Replicas the deployment asks for.
    var wanted: Int32
    /// Pods that may exist above `wanted`.
    var maxSurge: Int32
    /// Pods of `wanted` that may be unavailable.
    var maxUnavailable: Int32

    init(wanted: Int32, maxSurge: Int32, maxUnavailable: Int32) {
        self.wanted = wanted
        self.maxSurge = maxSurge
        self.maxUnavailable = maxUnavailable
    }

    init(_ deployment: Deployment) {
        wanted = deployment.spec.replicas ?? 1
        guard deployment.spec.strategy?.type != "Recreate" else {
            (maxSurge, maxUnavailable) = (0, wanted)
            return
        }
        let rolling = deployment.spec.strategy?.rollingUpdate
        maxSurge = Self.scaled(rolling?.maxSurge ?? .string("25%"), of: wanted, roundingUp: true)
        maxUnavailable = min(wanted, Self.scaled(rolling?.maxUnavailable ?? .string("25%"), of: wanted, roundingUp: false))
        // With neither, nothing could ever move.
        if maxSurge == 0, maxUnavailable == 0 { maxUnavailable = 1 }
    }

    private static func scaled(_ value: IntOrString, of total: Int32, roundingUp: Bool) -> Int32 {
        guard let scaled = try? value.scaledValue(total: Int64(total), roundUp: roundingUp) else { return 0 }
        return Int32(clamping: max(0, scaled))
    }

    var minAvailable: Int32 { max(0, wanted - maxUnavailable) }
    var maxTotal: Int32 { wanted + maxSurge }

    /// How large the new ReplicaSet may be while `total` pods exist in all, `new` of them its own.
    func newSize(current new: Int32, total: Int32) -> Int32 {
        guard total < maxTotal else { return new }
        return new + max(0, min(maxTotal - total, wanted - new))
    }

    /// How many pods of old ReplicaSets may go, given the pods in all and those of the new one that are not available.
    func removableOld(total: Int32, newSize: Int32, newAvailable: Int32) -> Int32 {
        max(0, total - minAvailable - max(0, newSize - newAvailable))
    }
}
