import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import Synchronization
import VolumeBinding

/// Carries decisions out against the API and reports back.
final class DecisionExecutor: Sendable {
    /// How often a condition is written again when somebody else changed the pod.
    static let conflictRetriesMax = 3
    /// Event messages are cut to this many bytes.
    static let messageBytesMax = 1024

    private let client: Client
    private let recorder: EventRecorder
    private let schedulerName: String
    private let volumes: VolumeBinder
    private let time: TimeSource
    private let logger: Logger
    private let inbox: Inbox
    private let reports = ReportDesk()
    private let running = Atomic<Int>(0)

    init(
        client: Client, recorder: EventRecorder, schedulerName: String, volumes: VolumeBinder, time: TimeSource, logger: Logger, inbox: Inbox
    ) {
        self.client = client
        self.recorder = recorder
        self.schedulerName = schedulerName
        self.volumes = volumes
        self.time = time
        self.logger = logger
        self.inbox = inbox
    }

    /// Bindings and preemptions that are being carried out.
    var inFlight: Int { running.load(ordering: .relaxed) }

    /// Takes a decision on; called with all decisions in their order.
    /// - Returns: what remains to be done and takes time; nil: nothing.
    func take(_ decision: Decision) -> (@Sendable () async -> Void)? {
        switch decision {
        case .bind(let pod, let node):
            reports.withdraw(uid: pod.metadata.uid)
            // Volumes may take minutes, in which other pods must not wait.
            if !pod.claims.isEmpty { return { [self] in await bind(pod, to: node) } }
            return counted { [self] in await bind(pod, to: node) }
        case .unschedulable(let pod, let message):
            reports.submit(Report(pod: pod, message: message))
            guard reports.takesReporter() else { return nil }
            return { [self] in await writeReports() }
        case .preempt(let pod, let node, let victims, let message):
            reports.withdraw(uid: pod.metadata.uid)
            return counted { [self] in await preempt(for: pod, on: node, victims, message) }
        }
    }

    private func counted(_ work: @escaping @Sendable () async -> Void) -> @Sendable () async -> Void {
        running.wrappingAdd(1, ordering: .relaxed)
        return { [self] in
            await work()
            running.wrappingSubtract(1, ordering: .relaxed)
            inbox.poke()
        }
    }

    /// Writes reports until none waits.
    private func writeReports() async {
        while let report = reports.next() { await self.report(report.pod, message: report.message, nominatedNode: nil) }
    }

    private func bind(_ pod: Pod, to node: String) async {
        let key = NamespacedName(pod.metadata)
        let uid = pod.metadata.uid ?? key.description
        do {
            try await volumes.bind(pod, to: node)
            let path = Pod.resource.path(namespace: key.namespace, name: key.name, subresource: "binding")
            _ = try await client.send("POST", path, Self.bindingBody(key, uid: pod.metadata.uid, node: node))
            inbox.post(.bound(uid: uid))
            recorder.event(
                pod, type: "Normal", reason: "Scheduled", message: "Successfully assigned \(key) to \(node)", action: "Binding")
            logger.debug("pod scheduled", metadata: ["pod": "\(key)", "node": "\(node)"])
        } catch {
            let isGone = (error as? APIStatusError)?.isNotFound ?? false
            inbox.post(.bindFailed(uid: uid, isGone: isGone))
            if isGone || Task.isCancelled { return }
            logger.warning("pod not bound", metadata: ["pod": "\(key)", "node": "\(node)", "error": "\(error)"])
            recorder.event(
                pod, type: "Warning", reason: "FailedScheduling", message: Self.cut("binding rejected: \(error)"), action: "Scheduling")
        }
    }

    private static func bindingBody(_ key: NamespacedName, uid: String?, node: String) -> [UInt8] {
        var w = JSONWriter(capacity: 256)
        w.beginObject()
        w.field("apiVersion", "v1")
        w.field("kind", "Binding")
        w.key("metadata")
        w.beginObject()
        w.field("name", key.name)
        w.field("namespace", key.namespace)
        w.field("uid", uid)
        w.endObject()
        w.key("target")
        w.beginObject()
        w.field("apiVersion", "v1")
        w.field("kind", "Node")
        w.field("name", node)
        w.endObject()
        w.endObject()
        return w.finish()
    }

    // MARK: Pods that wait

    private func report(_ pod: Pod, message: String, nominatedNode: String?) async {
        recorder.event(pod, type: "Warning", reason: "FailedScheduling", message: Self.cut(message), action: "Scheduling")
        logger.debug("pod is unschedulable", metadata: ["pod": "\(NamespacedName(pod.metadata))", "message": "\(message)"])
        let key = NamespacedName(pod.metadata)
        var current = pod
        for _ in 0..<Self.conflictRetriesMax {
            guard let patch = conditionPatch(current, message: message, nominatedNode: nominatedNode) else { return }
            do {
                // The answer is not read: the informer brings the pod as it is now.
                let path = Pod.resource.path(namespace: key.namespace, name: key.name, subresource: "status")
                let change = Patch.strategic(patch)
                _ = try await client.send("PATCH", path, change.body, contentType: change.contentType)
                return
            } catch let error as APIStatusError where error.isConflict {
                // Somebody changed the pod; maybe it was bound, and then the condition would be a lie.
                guard let fresh = try? await client.get(Pod.self, key.name, namespace: key.namespace),
                    fresh.metadata.uid == pod.metadata.uid, (fresh.spec.nodeName ?? "").isEmpty
                else { return }
                current = fresh
            } catch {
                if let error = error as? APIStatusError, error.isNotFound { return }
                logger.warning("condition not written", metadata: ["pod": "\(key)", "error": "\(error)"])
                return
            }
        }
    }

    /// Nil when the pod says it already.
    private func conditionPatch(_ pod: Pod, message: String, nominatedNode: String?) -> JSONValue? {
        let known = pod.status.conditions.first { $0.type == "PodScheduled" }
        let isSame = known?.status == "False" && known?.reason == "Unschedulable" && known?.message == message
        let nominates = nominatedNode != nil && nominatedNode != pod.status.nominatedNodeName
        if isSame && !nominates { return nil }
        var condition: JSONValue = ["type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": .string(message)]
        if let generation = pod.metadata.generation { condition["observedGeneration"] = .integer(generation) }
        let now = Time(seconds: time.wallMicroseconds() / 1_000_000)
        condition["lastTransitionTime"] = (known?.status == "False" ? known?.lastTransitionTime : nil)?.tree() ?? now.tree()
        var status: JSONValue = ["conditions": [condition]]
        if let nominatedNode { status["nominatedNodeName"] = .string(nominatedNode) }
        var patch: JSONValue = ["status": status]
        if let version = pod.metadata.resourceVersion { patch["metadata"] = ["resourceVersion": .string(version)] }
        return patch
    }

    // MARK: Making room

    private func preempt(for pod: Pod, on node: String, _ victims: [Pod], _ message: String) async {
        await report(pod, message: message, nominatedNode: node)
        for victim in victims {
            let key = NamespacedName(victim.metadata)
            do {
                let condition: JSONValue = [
                    "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
                    "message": .string("\(schedulerName): preempting to accommodate a higher priority pod"),
                    "lastTransitionTime": Time(seconds: time.wallMicroseconds() / 1_000_000).tree(),
                ]
                _ = try await client.patch(
                    Pod.self, key.name, namespace: key.namespace, .strategic(["status": ["conditions": [condition]]]), subresource: "status")
                var options = DeleteOptions()
                var preconditions = Preconditions()
                preconditions.uid = victim.metadata.uid
                options.preconditions = preconditions
                try await client.delete(Pod.self, key.name, namespace: key.namespace, options)
                recorder.event(
                    victim, type: "Normal", reason: "Preempted", message: "Preempted by pod \(pod.metadata.uid ?? "") on node \(node)",
                    action: "Preempting")
                logger.info("pod preempted", metadata: ["pod": "\(key)", "by": "\(NamespacedName(pod.metadata))", "node": "\(node)"])
            } catch {
                if let error = error as? APIStatusError, error.isNotFound { continue }
                logger.warning("victim not removed", metadata: ["pod": "\(key)", "error": "\(error)"])
            }
        }
    }

    private static func cut(_ message: String) -> String {
        message.utf8.count <= messageBytesMax ? message : String(message.prefix(messageBytesMax - 4)) + " ..."
    }
}
