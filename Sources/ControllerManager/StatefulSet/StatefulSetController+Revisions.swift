import AppsV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient

/// The revisions between which a set stands.
struct StatefulRevisions: Sendable {
    /// The one that all pods had last.
    var current: ControllerRevision
    /// The one of the set's present template.
    var update: ControllerRevision
    var collisions: Int32
}

extension StatefulSetController {
    /// Finds the current revision and that of the present template, which is made if it is new and gets the next number if it comes back.
    func chosenRevisions(_ set: StatefulSet, _ history: [ControllerRevision]) async throws -> StatefulRevisions {
        let sorted = Self.sorted(history)
        let patch = set.spec.template.revisionPatch
        var collisions = set.status.collisionCount ?? 0
        let next = (sorted.last?.revision ?? 0) + 1
        let update: ControllerRevision
        if let last = sorted.last, last.holds(patch) {
            update = last
        } else if var known = sorted.last(where: { $0.holds(patch) }) {
            known.revision = next
            update = try await context.client.update(known)
        } else {
            update = try await create(set, patch, next, &collisions)
        }
        let current = sorted.first { $0.metadata.name == set.status.currentRevision }
        return StatefulRevisions(current: current ?? update, update: update, collisions: collisions)
    }

    private static func sorted(_ history: [ControllerRevision]) -> [ControllerRevision] {
        history.sorted { a, b in
            if a.revision != b.revision { return a.revision < b.revision }
            let created = (a.metadata.creationTimestamp?.seconds ?? 0, b.metadata.creationTimestamp?.seconds ?? 0)
            return created.0 == created.1 ? (a.metadata.name ?? "") < (b.metadata.name ?? "") : created.0 < created.1
        }
    }

    private func create(_ set: StatefulSet, _ patch: JSONValue, _ number: Int64, _ collisions: inout Int32) async throws -> ControllerRevision {
        var revision = ControllerRevision()
        revision.metadata.namespace = set.metadata.namespace
        revision.metadata.annotations = set.metadata.annotations
        revision.metadata.ownerReferences = [OwnerReference(controller: set)]
        revision.data = RawJSON(patch)
        revision.revision = number
        while true {
            let hash = set.spec.template.hash(collisions: collisions)
            let name = "\((set.metadata.name ?? "").prefix(223))-\(hash)"
            revision.metadata.name = name
            revision.metadata.labels = set.spec.template.metadata.labels
            revision.metadata.labels["controller.kubernetes.io/hash"] = hash
            do {
                return try await context.client.create(revision)
            } catch let error as APIStatusError where error.isAlreadyExists {
                let existing = try await context.client.get(ControllerRevision.self, name, namespace: set.metadata.namespace)
                if existing.holds(patch) { return existing }
                // Another's, or another template with the same hash.
                collisions &+= 1
            }
        }
    }

    /// Removes the oldest revisions that nothing uses, beyond the limit.
    func truncate(_ round: StatefulRound, _ history: [ControllerRevision]) async throws {
        let live = Set(round.pods.map(\.revisionName) + [round.revisions.current, round.revisions.update].compactMap(\.metadata.name))
        let idle = Self.sorted(history).filter { !live.contains($0.metadata.name ?? "") }
        let excess = idle.count - Int(round.set.spec.revisionHistoryLimit ?? 10)
        guard excess > 0 else { return }
        for revision in idle.prefix(excess) {
            do {
                try await context.client.delete(ControllerRevision.self, revision.metadata.name ?? "", namespace: revision.metadata.namespace)
            } catch let error as APIStatusError where error.isNotFound {}
        }
    }
}
