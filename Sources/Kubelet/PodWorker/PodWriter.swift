import CoreV1
import KubernetesAPI
import KubernetesClient
import Logging

/// Writes a pod's status to the API, and in the end deletes the object.
struct PodWriter: Sendable {
    var services: NodeServices

    func publish(_ pod: Pod, _ status: PodStatus, _ mailbox: PodMailbox) async {
        if pod.isStatic { return await publishMirror(pod, status, mailbox) }
        do {
            let patch = StatusPatch.make(pod, to: status)
            let newer = try await services.client.patch(Pod.self, pod.name, namespace: pod.namespace, .strategic(patch), subresource: "status")
            mailbox.post(.published(newer.uid == pod.uid ? newer : nil, .done))
        } catch let error as APIStatusError where error.isNotFound || error.isConflict {
            // The pod is gone, or another one bears its name: the watch will tell.
            mailbox.post(.published(nil, .done))
        } catch {
            if !Task.isCancelled {
                services.logger.warning("pod status not written", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
            }
            mailbox.post(.published(nil, .failed("\(error)")))
        }
    }

    /// What is written to the mirror pod comes back as the static pod's own status.
    private func publishMirror(_ pod: Pod, _ status: PodStatus, _ mailbox: PodMailbox) async {
        do {
            let mirror = try await services.mirrors.ensure(pod)
            let patch = StatusPatch.make(mirror, to: status)
            var shown = pod
            shown.status = try await services.client.patch(Pod.self, pod.name, namespace: pod.namespace, .strategic(patch), subresource: "status")
                .status
            mailbox.post(.published(shown, .done))
        } catch {
            // Before the API server runs there is nobody to tell; it may be this very pod.
            services.logger.debug("static pod not shown in the API", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
            mailbox.post(.published(nil, .failed("\(error)")))
        }
    }

    /// Deletes this very pod, not a later one of the same name.
    func delete(_ pod: Pod) async -> StepResult {
        let options = DeleteOptions {
            $0.gracePeriodSeconds = 0
            $0.preconditions = Preconditions { $0.uid = pod.uid }
        }
        do {
            try await services.client.delete(Pod.self, pod.name, namespace: pod.namespace, options)
            return .done
        } catch let error as APIStatusError where error.isNotFound || error.isConflict {
            return .done
        } catch {
            services.logger.warning("pod not deleted from the API", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
            return .failed("\(error)")
        }
    }
}
