import AppsV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient

extension DaemonSetController {
    struct History {
        /// The revision of the present template.
        var current: ControllerRevision
        var old: [ControllerRevision]
    }

    /// The set's revisions, with one for its present template that bears the highest number.
    func history(of set: DaemonSet, _ selector: Selector) async throws -> History {
        let claims = Claims<DaemonSet, ControllerRevision>(owner: set, selector: selector, client: context.client)
        let patch = set.spec.template.revisionPatch
        var old: [ControllerRevision] = []
        var matching: [ControllerRevision] = []
        for revision in try await claims.claim(revisions.candidates(of: set, matching: selector)) {
            var revision = revision
            if revision.metadata.labels[ControllerRevision.hashLabel] == nil {
                revision.metadata.labels[ControllerRevision.hashLabel] = revision.metadata.name
                revision = try await context.client.update(revision)
            }
            if revision.holds(patch) { matching.append(revision) } else { old.append(revision) }
        }
        let number = (old.map(\.revision).max() ?? 0) + 1
        guard !matching.isEmpty else { return History(current: try await snapshot(set, patch, number), old: old) }
        var current = try await dropDuplicates(matching, of: set, selector)
        if current.revision < number {
            current.revision = number
            current = try await context.client.update(current)
        }
        return History(current: current, old: old)
    }

    private func snapshot(_ set: DaemonSet, _ patch: JSONValue, _ number: Int64) async throws -> ControllerRevision {
        let hash = set.spec.template.hash(collisions: set.status.collisionCount)
        var revision = ControllerRevision()
        revision.metadata.name = "\(set.metadata.name ?? "")-\(hash)"
        revision.metadata.namespace = set.metadata.namespace
        revision.metadata.labels = set.spec.template.metadata.labels
        revision.metadata.labels[ControllerRevision.hashLabel] = hash
        revision.metadata.annotations = set.metadata.annotations
        revision.metadata.ownerReferences = [OwnerReference(controller: set)]
        revision.data = RawJSON(patch)
        revision.revision = number
        do {
            return try await context.client.create(revision)
        } catch let error as APIStatusError where error.isAlreadyExists {
            let name = revision.metadata.name ?? ""
            let existing = try await context.client.get(ControllerRevision.self, name, namespace: set.metadata.namespace)
            if existing.holds(patch) { return existing }
            var fresh = try await context.client.get(DaemonSet.self, set.metadata.name ?? "", namespace: set.metadata.namespace)
            // Somebody has dealt with it and the informer has not shown it yet.
            if fresh.status.collisionCount == set.status.collisionCount {
                fresh.status.collisionCount = (fresh.status.collisionCount ?? 0) &+ 1
                _ = try await context.client.update(fresh, subresource: "status")
            }
            throw HashCollision(name: name)
        }
    }

    /// Of several revisions of one template the one with the highest number stays; pods of the others become its own.
    private func dropDuplicates(_ matching: [ControllerRevision], of set: DaemonSet, _ selector: Selector) async throws -> ControllerRevision {
        let sorted = matching.sorted { ($0.revision, $0.metadata.name ?? "") < ($1.revision, $1.metadata.name ?? "") }
        let kept = sorted[sorted.count - 1]
        let hash = kept.metadata.labels[ControllerRevision.hashLabel] ?? ""
        for duplicate in sorted.dropLast() {
            for pod in try await claimedPods(of: set, selector) where pod.metadata.labels[ControllerRevision.hashLabel] != hash {
                _ = try await context.client.patch(
                    Pod.self, pod.metadata.name ?? "", namespace: pod.metadata.namespace,
                    .merge(["metadata": ["labels": [ControllerRevision.hashLabel: .string(hash)]]]))
            }
            try await remove(duplicate)
        }
        return kept
    }

    /// Removes the oldest revisions beyond the limit, but none that has pods.
    func cleanUp(_ old: [ControllerRevision], of set: DaemonSet, keeping pods: [Pod]) async throws {
        var excess = old.count - Int(set.spec.revisionHistoryLimit ?? 10)
        guard excess > 0 else { return }
        let live = Set(pods.compactMap { $0.metadata.labels[ControllerRevision.hashLabel] })
        for revision in old.sorted(by: { $0.revision < $1.revision }) where excess > 0 {
            if let hash = revision.metadata.labels[ControllerRevision.hashLabel], live.contains(hash) { continue }
            try await remove(revision)
            excess -= 1
        }
    }

    private func remove(_ revision: ControllerRevision) async throws {
        do {
            try await context.client.delete(ControllerRevision.self, revision.metadata.name ?? "", namespace: revision.metadata.namespace)
        } catch let error as APIStatusError where error.isNotFound {}
    }
}
