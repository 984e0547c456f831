import AppsV1
import CoreV1
import KubernetesAPI
import KubernetesClient

extension DeploymentController {
    /// Annotations that say something about the deployment itself and are not handed on to its ReplicaSets.
    private static let ownAnnotations: Set<String> = [
        "kubectl.kubernetes.io/last-applied-configuration", ReplicaSet.revisionAnnotation, ReplicaSet.revisionHistoryAnnotation,
        ReplicaSet.desiredReplicasAnnotation, ReplicaSet.maxReplicasAnnotation, "deprecated.deployment.rollback.to",
    ]

    /// Makes the newest ReplicaSet carry the newest revision number, creating it when it is missing and may be made, and the deployment
    /// the same number.
    func ensureRevision(_ deployment: Deployment, _ revisions: Revisions, mayCreate: Bool) async throws -> (Deployment, Revisions) {
        if let new = revisions.new { return try await adopt(new, deployment, revisions) }
        guard mayCreate else { return (deployment, revisions) }
        return try await createReplicaSet(deployment, revisions)
    }

    private func adopt(_ new: ReplicaSet, _ deployment: Deployment, _ revisions: Revisions) async throws -> (Deployment, Revisions) {
        var (deployment, revisions) = (deployment, revisions)
        var updated = new
        setAnnotations(of: deployment, on: &updated, revision: revisions.nextRevision)
        updated.spec.minReadySeconds = deployment.spec.minReadySeconds
        if updated.metadata.annotations != new.metadata.annotations || updated.spec.minReadySeconds ?? 0 != new.spec.minReadySeconds ?? 0 {
            updated = try await context.client.update(updated)
            revisions.replace(updated)
        }
        let revision = "\(updated.revision)"
        if deployment.metadata.annotations[ReplicaSet.revisionAnnotation] != revision {
            deployment = try await annotate(deployment, revision: revision)
        }
        if deployment.hasProgressDeadline, deployment.condition("Progressing") == nil {
            let message = "Found new replica set \"\(new.metadata.name ?? "")\""
            var changed = deployment
            changed.status.set(.progressing("True", "FoundNewReplicaSet", message, now: context.now))
            deployment = try await context.client.update(changed, subresource: "status")
        }
        return (deployment, revisions)
    }

    private func annotate(_ deployment: Deployment, revision: String) async throws -> Deployment {
        var changed = deployment
        changed.metadata.annotations[ReplicaSet.revisionAnnotation] = revision
        return try await context.client.update(changed)
    }

    private func createReplicaSet(_ deployment: Deployment, _ revisions: Revisions) async throws -> (Deployment, Revisions) {
        var (deployment, revisions) = (deployment, revisions)
        let hash = deployment.spec.template.hash(collisions: deployment.status.collisionCount)
        var set = ReplicaSet()
        set.metadata.name = "\(deployment.metadata.name ?? "")-\(hash)"
        set.metadata.namespace = deployment.metadata.namespace
        set.metadata.ownerReferences = [OwnerReference(controller: deployment)]
        set.metadata.labels = deployment.spec.template.metadata.labels
        set.metadata.labels[ReplicaSet.templateHashLabel] = hash
        set.spec.template = deployment.spec.template
        set.spec.template.metadata.labels[ReplicaSet.templateHashLabel] = hash
        var selector = deployment.spec.selector ?? .init()
        selector.matchLabels[ReplicaSet.templateHashLabel] = hash
        set.spec.selector = selector
        set.spec.minReadySeconds = deployment.spec.minReadySeconds
        let numbers = RollingNumbers(deployment)
        let oldTotal = revisions.old.reduce(0) { $0 + $1.size }
        let size = deployment.spec.strategy?.type == "Recreate" ? numbers.wanted : numbers.newSize(current: 0, total: oldTotal)
        set.spec.replicas = size
        setAnnotations(of: deployment, on: &set, revision: revisions.nextRevision)
        set.metadata.annotations[ReplicaSet.desiredReplicasAnnotation] = "\(numbers.wanted)"
        set.metadata.annotations[ReplicaSet.maxReplicasAnnotation] = "\(numbers.maxTotal)"
        let created: ReplicaSet
        do {
            created = try await context.client.create(set)
        } catch let error as APIStatusError where error.isAlreadyExists {
            created = try await resolveCollision(deployment, set)
        } catch let error as APIStatusError where error.isNamespaceTerminating {
            return (deployment, revisions)
        } catch {
            let message = "Failed to create new replica set \"\(set.metadata.name ?? "")\": \(error)"
            events.event(deployment, type: "Warning", reason: "ReplicaSetCreateError", message: message)
            if deployment.hasProgressDeadline {
                var changed = deployment
                changed.status.set(.progressing("False", "ReplicaSetCreateError", message, now: context.now))
                _ = try? await context.client.update(changed, subresource: "status")
            }
            throw error
        }
        if created.size > 0 {
            events.event(
                deployment, type: "Normal", reason: "ScalingReplicaSet",
                message: "Scaled up replica set \(created.metadata.name ?? "") from 0 to \(created.size)")
        }
        deployment = try await annotate(deployment, revision: "\(created.revision)")
        if deployment.hasProgressDeadline {
            let message = "Created new replica set \"\(created.metadata.name ?? "")\""
            var changed = deployment
            changed.status.set(.progressing("True", "NewReplicaSetCreated", message, now: context.now))
            deployment = try await context.client.update(changed, subresource: "status")
        }
        revisions.new = created
        return (deployment, revisions)
    }

    /// The name is taken: by our own ReplicaSet that the informer has not shown yet, or by another's. Then another hash is needed.
    private func resolveCollision(_ deployment: Deployment, _ set: ReplicaSet) async throws -> ReplicaSet {
        let existing = try await context.client.get(ReplicaSet.self, set.metadata.name ?? "", namespace: set.metadata.namespace)
        if existing.metadata.isControlled(by: deployment.metadata),
            existing.spec.template.comparisonBytes == deployment.spec.template.comparisonBytes
        {
            return existing
        }
        var changed = deployment
        changed.status.collisionCount = (deployment.status.collisionCount ?? 0) &+ 1
        _ = try await context.client.update(changed, subresource: "status")
        throw HashCollision(name: set.metadata.name ?? "")
    }

    private func setAnnotations(of deployment: Deployment, on set: inout ReplicaSet, revision: Int64) {
        for (key, value) in deployment.metadata.annotations where !Self.ownAnnotations.contains(key) {
            set.metadata.annotations[key] = value
        }
        let known = set.metadata.annotations[ReplicaSet.revisionAnnotation]
        if let known, let number = Int64(known), number >= revision { return }
        set.metadata.annotations[ReplicaSet.revisionAnnotation] = "\(revision)"
        // A template that comes back (an undo) keeps the numbers it had before.
        guard let known else { return }
        let history = set.metadata.annotations[ReplicaSet.revisionHistoryAnnotation].map { $0.split(separator: ",").map(String.init) } ?? []
        if !history.contains(known) {
            set.metadata.annotations[ReplicaSet.revisionHistoryAnnotation] = (history + [known]).joined(separator: ",")
        }
    }
}

/// Two templates got the same hash; the next try uses another.
struct HashCollision: Error, CustomStringConvertible {
    var name: String
    var description: String { "replica set \"\(name)\" belongs to another template; trying again with another hash" }
}
