import AppsV1
import JSON
import KubernetesAPI
import KubernetesClient

extension DeploymentController {
    /// Writes what the ReplicaSets add up to, with the conditions Available, Progressing and ReplicaFailure.
    func syncStatus(_ deployment: Deployment, _ revisions: Revisions) async throws {
        var updated = deployment
        updated.status = summedStatus(deployment, revisions)
        updateProgress(of: &updated, from: deployment, revisions)
        if updated.status.jsonBytes() != deployment.status.jsonBytes() {
            do {
                _ = try await context.client.update(updated, subresource: "status")
            } catch let error as APIStatusError where error.isNotFound {
                return
            }
        }
        watchDeadline(updated)
    }

    private func summedStatus(_ deployment: Deployment, _ revisions: Revisions) -> DeploymentStatus {
        var status = deployment.status
        let all = revisions.all
        func sum(_ value: (ReplicaSet) -> Int32?) -> Int32? {
            let sum = all.reduce(0) { $0 + (value($1) ?? 0) }
            return sum == 0 ? nil : sum
        }
        let available = sum { $0.status.availableReplicas } ?? 0
        let unavailable = max(0, all.reduce(0) { $0 + $1.size } - available)
        status.observedGeneration = deployment.metadata.generation
        status.replicas = sum { $0.status.replicas }
        status.updatedReplicas = revisions.new.flatMap { $0.status.replicas == 0 ? nil : $0.status.replicas }
        status.readyReplicas = sum { $0.status.readyReplicas }
        status.availableReplicas = available == 0 ? nil : available
        status.unavailableReplicas = unavailable == 0 ? nil : unavailable
        status.terminatingReplicas = sum { $0.status.terminatingReplicas }
        let isEnough = available >= RollingNumbers(deployment).minAvailable
        status.set(
            DeploymentCondition(
                type: "Available", status: isEnough ? "True" : "False",
                reason: isEnough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                message: isEnough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", now: context.now))
        return status
    }

    private func updateProgress(of updated: inout Deployment, from deployment: Deployment, _ revisions: Revisions) {
        let failure = ([revisions.new].compactMap { $0 } + revisions.old).lazy
            .compactMap { set in set.status.conditions.first { $0.type == "ReplicaFailure" && $0.status == "True" } }.first
        if let failure {
            updated.status.set(
                DeploymentCondition(
                    type: "ReplicaFailure", status: "True", reason: failure.reason ?? "", message: failure.message ?? "", now: context.now))
        } else {
            updated.status.removeCondition("ReplicaFailure")
        }
        guard deployment.hasProgressDeadline else { return updated.status.removeCondition("Progressing") }
        guard deployment.spec.paused != true else { return }
        let subject = revisions.new.map { "ReplicaSet \"\($0.metadata.name ?? "")\"" } ?? "Deployment \"\(deployment.metadata.name ?? "")\""
        let known = deployment.condition("Progressing")
        // Once complete, later unavailability is no lack of progress.
        if known?.reason == "NewReplicaSetAvailable", updated.status.replicas == updated.status.updatedReplicas { return }
        if updated.isComplete(updated.status) {
            updated.status.set(
                .progressing("True", "NewReplicaSetAvailable", "\(subject) has successfully progressed.", now: context.now))
        } else if hasProgressed(from: deployment.status, to: updated.status) {
            let condition = DeploymentCondition.progressing("True", "ReplicaSetUpdated", "\(subject) is progressing.", now: context.now)
            // The time of the last progress is what the deadline counts from.
            updated.status.removeCondition("Progressing")
            var fresh = condition
            if known?.status == "True" { fresh.lastTransitionTime = known?.lastTransitionTime }
            updated.status.conditions.append(fresh)
        } else if hasTimedOut(updated) {
            updated.status.set(
                .progressing("False", "ProgressDeadlineExceeded", "\(subject) has timed out progressing.", now: context.now))
        }
    }

    private func hasProgressed(from old: DeploymentStatus, to new: DeploymentStatus) -> Bool {
        let oldOthers = (old.replicas ?? 0) - (old.updatedReplicas ?? 0)
        let newOthers = (new.replicas ?? 0) - (new.updatedReplicas ?? 0)
        return (new.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) || newOthers < oldOthers
            || (new.readyReplicas ?? 0) > (old.readyReplicas ?? 0) || (new.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
    }

    private func secondsToDeadline(_ deployment: Deployment) -> Int64? {
        guard deployment.hasProgressDeadline, deployment.spec.paused != true, let deadline = deployment.spec.progressDeadlineSeconds,
            let condition = deployment.condition("Progressing"), condition.status != "False",
            condition.reason != "NewReplicaSetAvailable", let since = condition.lastUpdateTime?.seconds
        else { return nil }
        return since + Int64(deadline) - context.now
    }

    private func hasTimedOut(_ deployment: Deployment) -> Bool {
        secondsToDeadline(deployment).map { $0 <= 0 } ?? (deployment.condition("Progressing")?.reason == "ProgressDeadlineExceeded")
    }

    private func watchDeadline(_ deployment: Deployment) {
        guard let seconds = secondsToDeadline(deployment) else { return }
        checkAgain(deployment, afterSeconds: seconds + 1)
    }
}
