import AppsV1
import CoreV1
import KubernetesAPI
import KubernetesClient

extension DeploymentController {
    /// One step of a rolling update: first up, then down; the ReplicaSets' own changes bring the next step.
    func roll(_ deployment: Deployment, _ revisions: Revisions) async throws {
        var (deployment, revisions) = try await ensureRevision(deployment, revisions, mayCreate: true)
        let numbers = RollingNumbers(deployment)
        if let new = revisions.new {
            if new.size > numbers.wanted {
                revisions.replace(try await scale(new, to: numbers.wanted, of: deployment))
                return try await syncStatus(deployment, revisions)
            }
            let total = revisions.all.reduce(0) { $0 + $1.size }
            let size = numbers.newSize(current: new.size, total: total)
            if size > new.size {
                revisions.replace(try await scale(new, to: size, of: deployment))
                return try await syncStatus(deployment, revisions)
            }
        }
        if let shrunk = try await shrinkOld(deployment, revisions, numbers) {
            return try await syncStatus(deployment, shrunk)
        }
        if deployment.isComplete(deployment.status) { try await cleanUp(deployment, revisions) }
        try await syncStatus(deployment, revisions)
    }

    /// Takes pods from the old ReplicaSets: unhealthy ones first, then as many as availability allows. Nil when nothing could go.
    private func shrinkOld(_ deployment: Deployment, _ revisions: Revisions, _ numbers: RollingNumbers) async throws -> Revisions? {
        guard let new = revisions.new, revisions.old.contains(where: { $0.size > 0 }) else { return nil }
        // A set that was made smaller and greater again since may have fewer pods than its status says.
        guard revisions.all.allSatisfy(\.isObserved) else { return nil }
        var revisions = revisions
        let total = revisions.all.reduce(0) { $0 + $1.size }
        let removable = numbers.removableOld(total: total, newSize: new.size, newAvailable: new.availableCount)
        guard removable > 0 else { return nil }
        var hasShrunk = false
        var left = removable
        for set in revisions.old where set.size > 0 && left > 0 {
            let unhealthy = min(left, max(0, set.size - set.availableCount))
            guard unhealthy > 0 else { continue }
            revisions.replace(try await scale(set, to: set.size - unhealthy, of: deployment))
            left -= unhealthy
            hasShrunk = true
        }
        // What availability allows counts from the pods that are available now.
        let available = revisions.all.reduce(0) { $0 + $1.availableCount }
        left = available - numbers.minAvailable
        for set in revisions.old where set.size > 0 && left > 0 {
            let count = min(set.size, left)
            revisions.replace(try await scale(set, to: set.size - count, of: deployment))
            left -= count
            hasShrunk = true
        }
        return hasShrunk ? revisions : nil
    }

    /// Recreate: all old pods go and are gone before a new one comes.
    func recreate(_ deployment: Deployment, _ revisions: Revisions) async throws {
        var (deployment, revisions) = try await ensureRevision(deployment, revisions, mayCreate: false)
        var hasShrunk = false
        for set in revisions.old where set.size > 0 {
            revisions.replace(try await scale(set, to: 0, of: deployment))
            hasShrunk = true
        }
        if hasShrunk { return try await syncStatus(deployment, revisions) }
        let oldPodsRun = revisions.old.contains { set in
            set.status.replicas > 0
                || pods.list(index: Self.ownerIndex, key: set.metadata.uid ?? "").contains { !$0.hasEnded }
        }
        if oldPodsRun { return try await syncStatus(deployment, revisions) }
        (deployment, revisions) = try await ensureRevision(deployment, revisions, mayCreate: true)
        let wanted = deployment.spec.replicas ?? 1
        if let new = revisions.new, new.size != wanted { revisions.replace(try await scale(new, to: wanted, of: deployment)) }
        if deployment.isComplete(deployment.status) { try await cleanUp(deployment, revisions) }
        try await syncStatus(deployment, revisions)
    }

    /// Gives a ReplicaSet its size, and the deployment's figures as annotations.
    func scale(_ set: ReplicaSet, to size: Int32, of deployment: Deployment) async throws -> ReplicaSet {
        let numbers = RollingNumbers(deployment)
        var updated = set
        updated.spec.replicas = size
        updated.metadata.annotations[ReplicaSet.desiredReplicasAnnotation] = "\(numbers.wanted)"
        updated.metadata.annotations[ReplicaSet.maxReplicasAnnotation] = "\(numbers.maxTotal)"
        let isSame = set.size == size && updated.metadata.annotations == set.metadata.annotations
        if isSame { return set }
        let result = try await context.client.update(updated)
        if set.size != size {
            let direction = size > set.size ? "up" : "down"
            events.event(
                deployment, type: "Normal", reason: "ScalingReplicaSet",
                message: "Scaled \(direction) replica set \(set.metadata.name ?? "") from \(set.size) to \(size)")
        }
        return result
    }

    /// Removes ReplicaSets of old revisions beyond the history limit, oldest first.
    func cleanUp(_ deployment: Deployment, _ revisions: Revisions) async throws {
        guard let limit = deployment.spec.revisionHistoryLimit, limit < Int32.max else { return }
        let removable = revisions.old.filter { $0.metadata.deletionTimestamp == nil }
        let excess = removable.count - Int(limit)
        guard excess > 0 else { return }
        for set in removable.sorted(by: { $0.revision < $1.revision }).prefix(excess) {
            let isIdle = set.size == 0 && set.status.replicas == 0 && set.isObserved
            guard isIdle else { continue }
            do {
                try await context.client.delete(ReplicaSet.self, set.metadata.name ?? "", namespace: set.metadata.namespace)
            } catch let error as APIStatusError where error.isNotFound {}
        }
    }
}
