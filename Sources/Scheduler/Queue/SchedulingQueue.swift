import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient

/// The pods that wait for a node, in four places: ready to be tried, pausing after a failure, waiting for a change that may help, and
/// held by gates.
///
/// Highest priority first, then first come first served. Belongs to one scheduler's core; time is handed in.
struct SchedulingQueue {
    /// The pause after the first failed attempt, doubled with each further one up to the limit.
    static let backoffBase = Duration.seconds(1)
    static let backoffMax = Duration.seconds(10)
    /// After this long a pod is tried again even if nothing seems to have changed.
    static let unschedulableMax = Duration.seconds(300)

    private struct Ticket {
        var pod: QueuedPod
        var priority: Int32
        var sequence: UInt64
    }

    /// First in, first out.
    private struct Line {
        var entries: [(pod: QueuedPod, failedAt: Duration)] = []
        var head = 0

        var first: (pod: QueuedPod, failedAt: Duration)? { head < entries.count ? entries[head] : nil }

        mutating func dropFirst() {
            head += 1
            if head > 64 && head * 2 > entries.count {
                entries.removeFirst(head)
                head = 0
            }
        }

        mutating func removeAll(where isGone: ((pod: QueuedPod, failedAt: Duration)) -> Bool) {
            entries.removeFirst(head)
            head = 0
            entries.removeAll(where: isGone)
        }
    }

    private struct Pause {
        var pod: QueuedPod
        var readyAt: Duration

        /// Entries of pods that have left, or pause anew, are passed over.
        var isCurrent: Bool { pod.place == .backingOff && pod.readyAt == readyAt }
    }

    private var pods: [String: QueuedPod] = [:]
    private var active = Heap<Ticket> { $0.priority == $1.priority ? $0.sequence < $1.sequence : $0.priority > $1.priority }
    private var pausing = Heap<Pause> { $0.readyAt < $1.readyAt }
    /// After errors, such as a refused binding: these sit out their pause in any case.
    private var pausingAfterErrors = Heap<Pause> { $0.readyAt < $1.readyAt }
    /// By the changes that may help, so that a change looks only at pods that wait for its like.
    private var unschedulable: [ClusterEvent: [String: QueuedPod]] = [:]
    private(set) var unschedulableCount = 0
    /// The same pods in the order of their failure, with entries of pods that have left.
    private var failures = Line()
    private var nextSequence: UInt64 = 0

    /// All pods that wait, wherever.
    var count: Int { pods.count }

    func place(ofPod uid: String) -> QueuedPod.Place? { pods[uid]?.place }

    // MARK: Pods come and go

    /// A pod without a node was created or changed.
    mutating func set(_ pod: Pod, uid: String, now: Duration) {
        guard let queued = pods[uid] else {
            let queued = QueuedPod(pod, uid: uid)
            pods[uid] = queued
            if queued.isGated { queued.place = .gated } else { activate(queued) }
            return
        }
        let matters = Self.isRelevant(from: queued.pod, to: pod)
        let oldPriority = queued.priority
        queued.pod = pod
        guard matters else { return }
        queued.info = nil
        if queued.isGated {
            if queued.place != .inFlight {
                leave(queued)
                queued.place = .gated
            }
            return
        }
        switch queued.place {
        case .gated: activate(queued)
        // What was changed may be what was wrong.
        case .unschedulable: retry(queued, now: now)
        case .active: if queued.priority != oldPriority { activate(queued) }
        case .backingOff, .inFlight: break
        }
    }

    mutating func remove(uid: String) {
        guard let queued = pods.removeValue(forKey: uid) else { return }
        leave(queued)
        queued.place = .inFlight
    }

    /// Whether a change of the pod can change where it may go.
    private static func isRelevant(from old: Pod, to new: Pod) -> Bool {
        if old.metadata.resourceVersion == new.metadata.resourceVersion && new.metadata.resourceVersion != nil { return false }
        return old.metadata.labels != new.metadata.labels || old.metadata.deletionTimestamp != nil
            || old.metadata.annotations != new.metadata.annotations || !hasSameSpec(old, new)
    }

    private static func hasSameSpec(_ old: Pod, _ new: Pod) -> Bool {
        // The server counts the changes of the spec; only without its count must the specs themselves be compared.
        if let before = old.metadata.generation, let after = new.metadata.generation, before > 0 { return before == after }
        return old.spec.jsonBytes() == new.spec.jsonBytes()
    }

    // MARK: Handing out

    /// The pod to try next; it stays `inFlight` until one of the methods below.
    mutating func pop(now: Duration) -> QueuedPod? {
        flush(now: now)
        while let ticket = active.popFirst() {
            guard ticket.pod.place == .active, ticket.pod.sequence == ticket.sequence else { continue }
            ticket.pod.place = .inFlight
            return ticket.pod
        }
        // Nothing better to do: a pause only keeps failures from holding up others.
        while let pause = pausing.popFirst() {
            guard pause.isCurrent else { continue }
            pause.pod.place = .inFlight
            return pause.pod
        }
        return nil
    }

    /// No node was found because of these plugins; the pod waits for one of these changes.
    mutating func giveUp(_ queued: QueuedPod, plugins: PluginSet, helpfulEvents: ClusterEvent, now: Duration) {
        guard pods[queued.uid] === queued else { return }
        queued.attempts += 1
        queued.failedAt = now
        queued.plugins = plugins
        queued.helpfulEvents = helpfulEvents
        queued.failedByError = false
        queued.place = queued.isGated ? .gated : .unschedulable
        guard queued.place == .unschedulable else { return }
        unschedulable[helpfulEvents, default: [:]][queued.uid] = queued
        unschedulableCount += 1
        failures.entries.append((queued, now))
        if failures.entries.count > 2 * unschedulableCount + 64 { failures.removeAll(where: Self.hasLeft) }
    }

    private static func hasLeft(_ entry: (pod: QueuedPod, failedAt: Duration)) -> Bool {
        entry.pod.place != .unschedulable || entry.pod.failedAt != entry.failedAt
    }

    /// The attempt failed for another reason (binding was refused, say); try again after a pause.
    mutating func retryLater(_ queued: QueuedPod, now: Duration) {
        guard pods[queued.uid] === queued else { return }
        queued.attempts += 1
        queued.failedAt = now
        queued.failedByError = true
        pause(queued)
    }

    /// Handed out, and still wanted.
    func isWaiting(_ queued: QueuedPod) -> Bool { pods[queued.uid] === queued }

    func pod(uid: String) -> QueuedPod? { pods[uid] }

    // MARK: Changes of the cluster

    /// Lets those try again who wait for such a change and whom this one may help.
    mutating func note(_ event: ClusterEvent, now: Duration, mayHelp: (QueuedPod) -> Bool = { _ in true }) {
        if event.isEmpty || unschedulableCount == 0 { return }
        var moved: [QueuedPod] = []
        for (awaited, pods) in unschedulable where !awaited.isDisjoint(with: event) { moved += pods.values.filter(mayHelp) }
        // In the order of their failure, so that who waits longest comes first.
        for queued in moved.sorted(by: { $0.failedAt == $1.failedAt ? $0.sequence < $1.sequence : $0.failedAt < $1.failedAt }) {
            retry(queued, now: now)
        }
    }

    /// When time alone will make a pod ready; nil: not before something happens.
    func nextDeadline() -> Duration? {
        let oldest = failures.first.map { $0.failedAt + Self.unschedulableMax }
        return [pausing.first?.readyAt, pausingAfterErrors.first?.readyAt, oldest].compactMap { $0 }.min()
    }

    private mutating func flush(now: Duration) {
        while let pause = pausing.first, pause.readyAt <= now {
            _ = pausing.popFirst()
            if pause.isCurrent { activate(pause.pod) }
        }
        while let pause = pausingAfterErrors.first, pause.readyAt <= now {
            _ = pausingAfterErrors.popFirst()
            if pause.isCurrent { activate(pause.pod) }
        }
    }

    /// Tries those again that have waited for too long.
    mutating func flushUnschedulable(now: Duration) {
        while let entry = failures.first {
            if Self.hasLeft(entry) {
                failures.dropFirst()
            } else if now - entry.failedAt >= Self.unschedulableMax {
                failures.dropFirst()
                retry(entry.pod, now: now)
            } else {
                return
            }
        }
    }

    private mutating func retry(_ queued: QueuedPod, now: Duration) {
        leave(queued)
        if now >= queued.failedAt + Self.backoff(after: queued.attempts) { activate(queued) } else { pause(queued) }
    }

    private mutating func activate(_ queued: QueuedPod) {
        leave(queued)
        nextSequence += 1
        queued.sequence = nextSequence
        queued.place = .active
        active.insert(Ticket(pod: queued, priority: queued.priority, sequence: nextSequence))
    }

    private mutating func pause(_ queued: QueuedPod) {
        queued.readyAt = queued.failedAt + Self.backoff(after: queued.attempts)
        queued.place = .backingOff
        let entry = Pause(pod: queued, readyAt: queued.readyAt)
        if queued.failedByError { pausingAfterErrors.insert(entry) } else { pausing.insert(entry) }
    }

    private mutating func leave(_ queued: QueuedPod) {
        // Entries of the heaps are passed over when they come up.
        guard queued.place == .unschedulable else { return }
        unschedulable[queued.helpfulEvents]?[queued.uid] = nil
        if unschedulable[queued.helpfulEvents]?.isEmpty == true { unschedulable[queued.helpfulEvents] = nil }
        unschedulableCount -= 1
    }

    static func backoff(after attempts: Int) -> Duration {
        var pause = backoffBase
        for _ in 1..<max(attempts, 1) {
            pause = pause * 2
            if pause >= backoffMax { return backoffMax }
        }
        return pause
    }
}
