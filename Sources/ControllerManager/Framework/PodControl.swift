import CoreV1
import KubernetesAPI
import KubernetesClient

/// Creates and deletes pods for an owner, with the events that tell of it.
struct PodControl: Sendable {
    let client: Client
    let events: EventRecorder

    @discardableResult
    func create(_ pod: Pod, for owner: some KubernetesResource) async throws -> Pod {
        do {
            let created = try await client.create(pod)
            events.event(owner, type: "Normal", reason: "SuccessfulCreate", message: "Created pod: \(created.metadata.name ?? "")")
            return created
        } catch {
            // A namespace on its way out refuses all creations, and there is nothing to be told about that.
            if (error as? APIStatusError)?.isNamespaceTerminating != true {
                events.event(owner, type: "Warning", reason: "FailedCreate", message: "Error creating: \(error)")
            }
            throw error
        }
    }

    /// - Throws: also when the pod is gone already.
    func delete(_ pod: Pod, for owner: some KubernetesResource) async throws {
        let name = pod.metadata.name ?? ""
        do {
            try await client.delete(Pod.self, name, namespace: pod.metadata.namespace)
            events.event(owner, type: "Normal", reason: "SuccessfulDelete", message: "Deleted pod: \(name)")
        } catch {
            if (error as? APIStatusError)?.isNotFound != true {
                events.event(owner, type: "Warning", reason: "FailedDelete", message: "Error deleting: \(error)")
            }
            throw error
        }
    }

    /// Deletes all at once and takes back the expectation of each deletion that failed.
    /// - Returns: the first failure other than that a pod was gone; and the uids of those of which nobody knows, since no answer came.
    func delete(
        _ pods: [Pod], for owner: some KubernetesResource, _ expectations: Expectations, _ key: NamespacedName
    ) async -> (failure: (any Error)?, doubtful: Set<String>) {
        await withTaskGroup(of: (uid: String, error: any Error)?.self) { group in
            for pod in pods {
                group.addTask {
                    let uid = pod.metadata.uid ?? ""
                    do {
                        try await delete(pod, for: owner)
                        return nil
                    } catch {
                        expectations.sawDeletion(key, uid: uid)
                        return (error as? APIStatusError)?.isNotFound == true ? nil : (uid, error)
                    }
                }
            }
            var failure: (any Error)?
            var doubtful: Set<String> = []
            for await case let (uid, error)? in group {
                failure = failure ?? error
                if !(error is APIStatusError) { doubtful.insert(uid) }
            }
            return (failure, doubtful)
        }
    }
}
