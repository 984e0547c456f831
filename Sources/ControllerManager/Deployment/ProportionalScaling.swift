import AppsV1
import KubernetesAPI
import KubernetesClient

extension DeploymentController {
    /// Brings the sum of all ReplicaSets to the deployment's new size in the middle of a rollout, each giving or taking by its share.
    func scaleProportionally(_ deployment: Deployment, _ revisions: Revisions) async throws -> Revisions {
        var revisions = revisions
        let numbers = RollingNumbers(deployment)
        let active = revisions.all.filter { $0.size > 0 }
        if active.count <= 1 {
            if let only = active.first ?? revisions.new ?? revisions.old.last {
                revisions.replace(try await scale(only, to: numbers.wanted, of: deployment))
            }
            return revisions
        }
        if let new = revisions.new, new.size == numbers.wanted, new.status.replicas == numbers.wanted, new.availableCount == numbers.wanted {
            for set in revisions.old where set.size > 0 { revisions.replace(try await scale(set, to: 0, of: deployment)) }
            return revisions
        }
        guard deployment.spec.strategy?.type != "Recreate" else { return revisions }
        let sizes = Self.proportionalSizes(active, allowed: numbers.wanted > 0 ? numbers.maxTotal : 0)
        for (set, size) in zip(active, sizes) { revisions.replace(try await scale(set, to: size, of: deployment)) }
        return revisions
    }

    /// The sizes that bring the sum to `allowed`: each by its share of the size that the deployment had, the largest first, which also
    /// takes what rounding leaves.
    static func proportionalSizes(_ sets: [ReplicaSet], allowed: Int32) -> [Int32] {
        let total = sets.reduce(0) { $0 + $1.size }
        let change = allowed - total
        guard change != 0 else { return sets.map(\.size) }
        // Growing favours the newest of equal size, shrinking the oldest.
        let order = sets.indices.sorted { a, b in
            if sets[a].size != sets[b].size { return sets[a].size > sets[b].size }
            return change > 0 ? a > b : a < b
        }
        var sizes = sets.map(\.size)
        var given: Int32 = 0
        for index in order {
            let set = sets[index]
            let base = Double(max(1, set.maxReplicas ?? total))
            let share = Int32(clamping: Int((Double(set.size) * Double(allowed) / base).rounded())) - set.size
            let left = change - given
            let part = change > 0 ? min(max(0, share), left) : max(min(0, share), left)
            sizes[index] = max(0, set.size + part)
            given += part
        }
        if let largest = order.first { sizes[largest] = max(0, sizes[largest] + change - given) }
        return sizes
    }
}
