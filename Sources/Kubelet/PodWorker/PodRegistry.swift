import CoreV1
import Synchronization

/// What the rest of the node agent may know of the pods: the workers write, the server and the runtime's watcher read.
final class PodRegistry: Sendable {
    struct Entry: Sendable {
        var pod: Pod
        var observed: ObservedPod
        var mailbox: PodMailbox
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Uid by container or sandbox id.
        var owners: [String: String] = [:]
        /// Ends that were heard of before anybody knew whose they are, oldest first: a container may be over before its worker has seen it.
        var unclaimedEnds: [String] = []
    }

    private static let unclaimedEndsMax = 256

    private let state = Mutex(State())

    func add(_ pod: Pod, _ mailbox: PodMailbox) {
        let observed = ObservedPod(uid: pod.uid, name: pod.name, namespace: pod.namespace)
        state.withLock { $0.entries[pod.uid] = Entry(pod: pod, observed: observed, mailbox: mailbox) }
    }

    func update(_ pod: Pod, _ observed: ObservedPod) {
        state.withLock { state in
            guard let entry = state.entries[pod.uid] else { return }
            for id in PodRegistry.ids(entry.observed) { state.owners[id] = nil }
            for id in PodRegistry.ids(observed) { state.owners[id] = pod.uid }
            state.entries[pod.uid] = Entry(pod: pod, observed: observed, mailbox: entry.mailbox)
            state.unclaimedEnds.removeAll { id in
                guard state.owners[id] == pod.uid else { return false }
                entry.mailbox.hasEnded(id)
                return true
            }
        }
    }

    /// Tells the owner of a container that it has started, unless it knows.
    func tellStarted(_ id: String) {
        state.withLock { state in
            guard let entry = state.owners[id].flatMap({ state.entries[$0] }) else { return }
            let isKnown = entry.observed.running.contains { $0.id == id } || entry.observed.sandboxes.contains { $0.id == id && $0.isReady }
            if !isKnown { entry.mailbox.lookAtRuntime() }
        }
    }

    /// Tells the owner of a container or sandbox that it has ended; without one (yet) the end is kept for the owner to come.
    func tellEnded(_ id: String) {
        state.withLock { state in
            if let mailbox = state.owners[id].flatMap({ state.entries[$0]?.mailbox }) {
                mailbox.hasEnded(id)
                return
            }
            state.unclaimedEnds.append(id)
            if state.unclaimedEnds.count > PodRegistry.unclaimedEndsMax { state.unclaimedEnds.removeFirst() }
        }
    }

    func remove(_ uid: String) {
        state.withLock { state in
            guard let entry = state.entries.removeValue(forKey: uid) else { return }
            for id in PodRegistry.ids(entry.observed) { state.owners[id] = nil }
        }
    }

    func entry(uid: String) -> Entry? {
        state.withLock { $0.entries[uid] }
    }

    func entry(namespace: String, name: String, uid: String? = nil) -> Entry? {
        state.withLock { state in
            let found = state.entries.values.filter { entry in
                entry.pod.name == name && entry.pod.namespace == namespace && (uid == nil || entry.pod.uid == uid)
            }
            // Beside a pod that is going, its successor of the same name.
            return found.first { !$0.pod.isBeingDeleted } ?? found.first
        }
    }

    /// The worker that a container or sandbox belongs to.
    func owner(of id: String) -> PodMailbox? {
        state.withLock { state in state.owners[id].flatMap { state.entries[$0]?.mailbox } }
    }

    var uids: Set<String> { state.withLock { Set($0.entries.keys) } }

    var all: [Entry] { state.withLock { Array($0.entries.values) } }

    private static func ids(_ observed: ObservedPod) -> [String] {
        observed.sandboxes.map(\.id) + observed.containers.map(\.id)
    }
}
