import AutoscalingV2
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import Synchronization

/// Makes as many replicas of what an autoscaler points to as its metrics call for.
struct HorizontalPodAutoscalerController: Controller {
    static let name = "horizontal-pod-autoscaler-controller"

    /// What is remembered of each autoscaler. All of it can be lost: then the next steps are slower.
    private final class Memory: Sendable {
        let histories = Mutex<[NamespacedName: ScalingHistory]>([:])
        /// Which pods each counts on.
        let selectors = Mutex<[NamespacedName: Selector]>([:])

        func forget(_ key: NamespacedName) {
            histories.withLock { $0[key] = nil }
            selectors.withLock { $0[key] = nil }
        }
    }

    private let context: ControllerContext
    private let settings: AutoscalerSettings
    private let autoscalers: Informer<HorizontalPodAutoscaler>
    private let pods: Informer<Pod>
    private let scales: ScaleClient
    private let events: EventRecorder
    private let queue: WorkQueue<NamespacedName>
    private let memory = Memory()

    init(_ context: ControllerContext, settings: AutoscalerSettings = AutoscalerSettings()) {
        let context = context.named(Self.name)
        self.context = context
        self.settings = settings
        autoscalers = context.informers.informer(HorizontalPodAutoscaler.self)
        pods = context.informers.informer(Pod.self)
        scales = ScaleClient(client: context.client)
        events = context.recorder("horizontal-pod-autoscaler")
        queue = WorkQueue(time: context.time)
        let queue = queue
        autoscalers.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) },
            updated: { old, new in
                // Its status is written here; only what it asks for is news.
                if old.metadata.generation != new.metadata.generation { queue.add(NamespacedName(new.metadata)) }
            },
            deleted: { queue.add(NamespacedName($0.metadata)) })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] key in
            guard let autoscaler = autoscalers.get(key) else {
                memory.forget(key)
                return
            }
            // Metrics change by themselves: it comes again whatever becomes of this round.
            queue.add(key, after: settings.syncPeriod)
            do {
                try await reconcile(autoscaler, key)
            } catch is CancellationError {
            } catch {
                context.logger.info("autoscaling failed; trying again", metadata: ["key": "\(key)", "error": "\(error)"])
            }
        }
    }

    // MARK: One round

    private func reconcile(_ seen: HorizontalPodAutoscaler, _ key: NamespacedName) async throws {
        let now = context.now
        var autoscaler = seen
        let reference = seen.spec.scaleTargetRef ?? CrossVersionObjectReference()
        let targetKey = NamespacedName(namespace: key.namespace, name: reference.name)
        let resource: ResourceType
        var scale: JSONValue
        do {
            resource = try await scales.resource(apiVersion: reference.apiVersion ?? "v1", kind: reference.kind)
            scale = try await scales.get(resource, targetKey)
        } catch {
            events.event(seen, type: "Warning", reason: "FailedGetScale", message: "\(error)")
            autoscaler.set(
                "AbleToScale", false, "FailedGetScale", "the HPA controller was unable to get the target's current scale: \(error)", now: now)
            return try await write(autoscaler, was: seen)
        }
        autoscaler.set(
            "AbleToScale", true, "SucceededGetScale", "the HPA controller was able to get the target's current scale", now: now)
        let current = Int32(clamping: scale["spec"]?["replicas"]?.integerValue ?? 0)
        memory.histories.withLock { $0[key, default: ScalingHistory()].begin(current, now: now) }

        let minimum = seen.spec.minReplicas ?? 1
        let maximum = seen.spec.maxReplicas
        var desired = current
        var reason = ""
        autoscaler.status.currentMetrics = []
        if current == 0, minimum != 0 {
            autoscaler.set(
                "ScalingActive", false, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero", now: now)
        } else if current > maximum {
            reason = "Current number of replicas above Spec.MaxReplicas"
            desired = maximum
        } else if current < minimum {
            reason = "Current number of replicas below Spec.MinReplicas"
            desired = minimum
        } else {
            guard let proposal = try await propose(&autoscaler, key, scale, now) else {
                autoscaler.status.currentReplicas = current
                return try await write(autoscaler, was: seen)
            }
            desired = bounded(proposal.replicas, current, minimum, maximum, &autoscaler, key, now)
            reason = proposal.replicas > current ? "\(proposal.name) above target" : "All metrics below target"
        }
        if desired != current {
            scale["spec"]?["replicas"] = .integer(Int64(desired))
            do {
                try await scales.update(resource, targetKey, scale)
            } catch {
                events.event(
                    seen, type: "Warning", reason: "FailedRescale", message: "New size: \(desired); reason: \(reason); error: \(error)")
                autoscaler.set(
                    "AbleToScale", false, "FailedUpdateScale", "the HPA controller was unable to update the target scale: \(error)", now: now)
                autoscaler.status.currentReplicas = current
                return try await write(autoscaler, was: seen)
            }
            autoscaler.set(
                "AbleToScale", true, "SucceededRescale", "the HPA controller was able to update the target scale to \(desired)", now: now)
            events.event(seen, type: "Normal", reason: "SuccessfulRescale", message: "New size: \(desired); reason: \(reason)")
            autoscaler.status.lastScaleTime = Time(seconds: now)
            if let (up, down) = rules(of: seen) {
                memory.histories.withLock { $0[key]?.scaled(from: current, to: desired, up: up, down: down, now: now) }
            }
        }
        autoscaler.status.currentReplicas = current
        autoscaler.status.desiredReplicas = desired
        try await write(autoscaler, was: seen)
    }

    /// The highest number that one of the metrics calls for; nil when they do not say enough, which stands in the conditions then.
    private func propose(
        _ autoscaler: inout HorizontalPodAutoscaler, _ key: NamespacedName, _ scale: JSONValue, _ now: Int64
    ) async throws -> (replicas: Int32, name: String)? {
        func fail(_ reason: String, _ message: String, event: (reason: String, message: String)) {
            events.event(autoscaler, type: "Warning", reason: event.reason, message: event.message)
            autoscaler.set("ScalingActive", false, reason, message, now: now)
            events.event(autoscaler, type: "Warning", reason: "FailedComputeMetricsReplicas", message: event.message)
        }
        let text = scale["status"]?["selector"]?.stringValue ?? ""
        if text.isEmpty {
            fail("InvalidSelector", "the HPA target's scale is missing a selector", event: ("SelectorRequired", "selector is required"))
            return nil
        }
        let selector: Selector
        do {
            selector = try Selector(parsing: text)
        } catch {
            let message = "couldn't convert selector into a corresponding internal selector object: \(error)"
            fail("InvalidSelector", message, event: ("InvalidSelector", message))
            return nil
        }
        let targets = pods.list(namespace: key.namespace).filter { selector.matches($0.metadata.labels) }
        let rivals = memory.selectors.withLock { selectors in
            selectors[key] = selector
            return selectors.filter { other, theirs in
                other.namespace == key.namespace && targets.contains { theirs.matches($0.metadata.labels) }
            }.keys
        }
        if rivals.count > 1 {
            let names = rivals.map { "\($0)" }.sorted().joined(separator: " ")
            let message = "pods by selector \(text) are controlled by multiple HPAs: [\(names)]"
            fail("AmbiguousSelector", message, event: ("AmbiguousSelector", message))
            return nil
        }
        let behavior = autoscaler.spec.behavior
        let specReplicas = Int32(clamping: scale["spec"]?["replicas"]?.integerValue ?? 0)
        let evaluator = MetricEvaluator(
            reader: MetricsReader(client: context.client), scales: scales,
            calculator: ReplicaCalculator(
                settings: settings,
                tolerances: Tolerances(
                    down: behavior?.scaleDown?.tolerance?.doubleValue ?? settings.tolerance,
                    up: behavior?.scaleUp?.tolerance?.doubleValue ?? settings.tolerance), now: now),
            namespace: key.namespace, selector: text, pods: targets, specReplicas: specReplicas,
            statusReplicas: Int32(clamping: scale["status"]?["replicas"]?.integerValue ?? 0))
        var best: MetricProposal?
        var failures: [MetricFailure] = []
        for metric in autoscaler.spec.metrics {
            do {
                let proposal = try await evaluator.evaluate(metric)
                autoscaler.status.currentMetrics.append(proposal.status)
                if best == nil || proposal.replicas > best?.replicas ?? 0 { best = proposal }
            } catch let failure as MetricFailure {
                failures.append(failure)
                events.event(autoscaler, type: "Warning", reason: failure.reason, message: failure.cause)
            }
        }
        // With some metrics missing, what the others say is enough to grow and not enough to shrink.
        guard let best, failures.isEmpty || best.replicas >= specReplicas else {
            let first = failures.first ?? MetricFailure(reason: "InvalidMetricSourceType", cause: "there are no metrics", what: "metric value")
            autoscaler.set("ScalingActive", false, first.reason, "the HPA was unable to compute the replica count: \(first.cause)", now: now)
            events.event(
                autoscaler, type: "Warning", reason: "FailedComputeMetricsReplicas",
                message: "invalid metrics (\(failures.count) invalid out of \(autoscaler.spec.metrics.count)), first error is: \(first)")
            return nil
        }
        autoscaler.set(
            "ScalingActive", true, "ValidMetricFound", "the HPA was able to successfully calculate a replica count from \(best.name)", now: now)
        return (best.replicas, best.name)
    }

    /// The number after stabilization, policies and limits.
    private func bounded(
        _ wanted: Int32, _ current: Int32, _ minimum: Int32, _ maximum: Int32, _ autoscaler: inout HorizontalPodAutoscaler, _ key: NamespacedName,
        _ now: Int64
    ) -> Int32 {
        let rules = rules(of: autoscaler)
        let (stable, result) = memory.histories.withLock { all -> (ScalingHistory.Verdict, ScalingHistory.Verdict) in
            var history = all[key] ?? ScalingHistory()
            defer { all[key] = history }
            guard let (up, down) = rules else {
                let replicas = history.stabilized(wanted, window: settings.downscaleStabilizationSeconds, now: now)
                return (
                    .init(replicas: replicas, reason: "ScaleDownStabilized", message: ScalingHistory.heldUp),
                    ScalingHistory.limited(replicas, current: current, minimum: minimum, maximum: maximum)
                )
            }
            let stable = history.stabilized(
                wanted, current: current, upWindow: Int64(up.stabilizationWindowSeconds ?? 0),
                downWindow: down.stabilizationWindowSeconds.map(Int64.init) ?? settings.downscaleStabilizationSeconds, now: now)
            return (
                stable,
                history.limited(stable.replicas, current: current, minimum: minimum, maximum: maximum, up: up, down: down, now: now)
            )
        }
        if stable.replicas == wanted {
            autoscaler.set("AbleToScale", true, "ReadyForNewScale", "recommended size matches current size", now: now)
        } else {
            autoscaler.set("AbleToScale", true, stable.reason, stable.message, now: now)
        }
        autoscaler.set("ScalingLimited", result.replicas != stable.replicas, result.reason, result.message, now: now)
        return result.replicas
    }

    /// Nil when the autoscaler has no behavior, and everything goes by the settings.
    private func rules(of autoscaler: HorizontalPodAutoscaler) -> (up: HPAScalingRules, down: HPAScalingRules)? {
        autoscaler.spec.behavior.map {
            (($0.scaleUp ?? HPAScalingRules()).completed(from: .up), ($0.scaleDown ?? HPAScalingRules()).completed(from: .down))
        }
    }

    private func write(_ autoscaler: HorizontalPodAutoscaler, was: HorizontalPodAutoscaler) async throws {
        guard autoscaler.status.jsonBytes() != was.status.jsonBytes() else { return }
        do {
            _ = try await context.client.update(autoscaler, subresource: "status")
        } catch let error as APIStatusError where error.isNotFound {
        } catch {
            events.event(autoscaler, type: "Warning", reason: "FailedUpdateStatus", message: "\(error)")
            throw error
        }
    }
}
