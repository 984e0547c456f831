import AppsV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient

extension StatefulSetController {
    /// Takes the set as far as it can go now: first the replicas, then those too many, then the update.
    func advance(_ round: inout StatefulRound, _ key: NamespacedName) async throws {
        guard round.set.metadata.deletionTimestamp == nil else { return }
        let isDone = try await processReplicas(&round, key)
        round.count()
        guard isDone, try await processCondemned(round, key) else { return }
        for pod in round.outdated {
            try await delete(pod, round.set, key)
            if pod.revisionName == round.revisions.current.metadata.name { round.countReplaced() }
        }
    }

    // MARK: Replicas

    /// - Returns: whether nothing stands in the way of going on to remove and update pods.
    private func processReplicas(_ round: inout StatefulRound, _ key: NamespacedName) async throws -> Bool {
        if round.set.isOrdered {
            for index in round.replicas.indices {
                let (pod, isBlocked) = try await process(round.replicas[index], round, key)
                round.update(pod, at: index)
                if isBlocked { return false }
            }
            return true
        }
        let before = round
        let (done, failure) = await inGrowingBatches(over: Array(round.replicas.indices)) { [self] index in
            _ = try await process(before.replicas[index], before, key)
        }
        if let failure { throw failure }
        return done == round.replicas.count
    }

    /// Creates, replaces or mends one replica. In order, what is not well holds up the rest.
    private func process(_ pod: Pod, _ round: StatefulRound, _ key: NamespacedName) async throws -> (pod: Pod, isBlocked: Bool) {
        let set = round.set
        let isOrdered = set.isOrdered
        if pod.hasEnded {
            if !pod.isTerminating {
                let name = "StatefulSet \(key) is recreating"
                if pod.status.phase == "Failed" {
                    events.event(set, type: "Warning", reason: "RecreatingFailedPod", message: "\(name) failed Pod \(pod.metadata.name ?? "")")
                } else {
                    events.event(
                        set, type: "Normal", reason: "RecreatingTerminatedPod", message: "\(name) terminated Pod \(pod.metadata.name ?? "")")
                }
                try await delete(pod, set, key)
            }
            // The name is free when the pod is gone.
            return (pod, isOrdered)
        }
        if !pod.isCreated {
            if hasStaleClaim(pod, set) { return (pod, true) }
            return (try await create(pod, set, key), isOrdered)
        }
        if pod.status.phase == "Pending" { try await createClaims(of: pod, set) }
        if isOrdered, pod.isTerminating || !round.isAvailable(pod) { return (pod, true) }
        if let corrected = set.corrected(pod), !pod.isTerminating {
            _ = try await context.client.update(corrected)
            tell(set, "update", pod.metadata.name ?? "", nil)
        }
        try await setOwners(ofClaimsOf: pod, set)
        return (pod, false)
    }

    // MARK: Pods too many

    private func processCondemned(_ round: StatefulRound, _ key: NamespacedName) async throws -> Bool {
        for pod in round.condemned { try await setOwners(ofClaimsOf: pod, round.set) }
        let isOrdered = round.set.isOrdered
        let firstUnhealthy = round.firstUnhealthy?.metadata.name
        for pod in round.condemned {
            if pod.isTerminating {
                if isOrdered { return false }
                continue
            }
            // In order, only the unhealthy pod that holds up all others may go while one is unhealthy.
            if isOrdered, !round.isAvailable(pod), pod.metadata.name != firstUnhealthy { return false }
            try await delete(pod, round.set, key)
            if isOrdered { return false }
        }
        return true
    }

    // MARK: Doing

    private func create(_ pod: Pod, _ set: StatefulSet, _ key: NamespacedName) async throws -> Pod {
        let name = pod.metadata.name ?? ""
        try await createClaims(of: pod, set)
        expectations.expectMore(key, creations: 1)
        do {
            let created = try await context.client.create(pod)
            tell(set, "create", name, nil)
            try await setOwners(ofClaimsOf: created, set)
            return created
        } catch {
            expectations.sawCreation(key)
            if let refusal = error as? APIStatusError, refusal.isAlreadyExists { throw error }
            tell(set, "create", name, error)
            throw error
        }
    }

    private func delete(_ pod: Pod, _ set: StatefulSet, _ key: NamespacedName) async throws {
        let uid = pod.metadata.uid ?? ""
        let name = pod.metadata.name ?? ""
        expectations.expectMore(key, deletions: [uid])
        // By uid: the name may be another pod's by now.
        let options = DeleteOptions { options in options.preconditions = Preconditions { $0.uid = uid } }
        do {
            try await context.client.delete(Pod.self, name, namespace: key.namespace, options)
            tell(set, "delete", name, nil)
        } catch {
            expectations.sawDeletion(key, uid: uid)
            if let refusal = error as? APIStatusError, refusal.isNotFound || refusal.isConflict { return }
            tell(set, "delete", name, error)
            throw error
        }
    }

    private func tell(_ set: StatefulSet, _ verb: String, _ pod: String, _ failure: (any Error)?) {
        let capital = verb.prefix(1).uppercased() + verb.dropFirst()
        let subject = "\(verb) Pod \(pod) in StatefulSet \(set.metadata.name ?? "")"
        if let failure {
            events.event(set, type: "Warning", reason: "Failed\(capital)", message: "\(subject) failed error: \(failure)")
        } else {
            events.event(set, type: "Normal", reason: "Successful\(capital)", message: "\(subject) successful")
        }
    }

    // MARK: Claims

    private func createClaims(of pod: Pod, _ set: StatefulSet) async throws {
        guard let ordinal = set.ordinal(of: pod) else { return }
        for (_, claim) in set.claims(for: ordinal) {
            let key = NamespacedName(claim.metadata)
            if let existing = claims.get(key) {
                if existing.metadata.deletionTimestamp != nil { throw ClaimIsLeaving(name: key.name) }
                continue
            }
            let subject = "create Claim \(key.name)"
            let rest = "Pod \(pod.metadata.name ?? "") in StatefulSet \(set.metadata.name ?? "")"
            do {
                _ = try await context.client.create(claim)
                events.event(set, type: "Normal", reason: "SuccessfulCreate", message: "\(subject) \(rest) success")
            } catch let error as APIStatusError where error.isAlreadyExists {
            } catch {
                events.event(set, type: "Warning", reason: "FailedCreate", message: "\(subject) for \(rest) failed error: \(error)")
                throw error
            }
        }
    }

    /// A claim still belongs to the pod that had the name before, and goes with it: the new pod has to wait.
    private func hasStaleClaim(_ pod: Pod, _ set: StatefulSet) -> Bool {
        guard set.deletesClaimsWhenScaled, let ordinal = set.ordinal(of: pod) else { return false }
        return set.claims(for: ordinal).contains { _, claim in
            claims.get(NamespacedName(claim.metadata))?.metadata.ownerReferences.contains {
                $0.kind == Pod.resource.kind && $0.name == pod.metadata.name
            } ?? false
        }
    }

    /// Makes the owners of the pod's claims what the retention policy says.
    private func setOwners(ofClaimsOf pod: Pod, _ set: StatefulSet) async throws {
        guard let ordinal = set.ordinal(of: pod) else { return }
        for (_, planned) in set.claims(for: ordinal) {
            guard var claim = claims.get(NamespacedName(planned.metadata)) else { continue }
            let owners = set.owners(of: claim, pod: pod)
            guard owners.map(\.uid) != claim.metadata.ownerReferences.map(\.uid) else { continue }
            claim.metadata.ownerReferences = owners
            _ = try await context.client.update(claim)
        }
    }
}

/// The claim of a pod that is to be made is being deleted.
struct ClaimIsLeaving: Error, CustomStringConvertible {
    var name: String
    var description: String { "pvc \(name) is being deleted" }
}
