import CoreV1
import KubernetesAPI
import Synchronization

/// What containers really did on the nodes, whatever the API says of it.
final class Ledger: Sendable {
    private struct State {
        /// The pods whose containers run, by namespace and name: uid and node.
        var running: [String: [(uid: String, node: String)]] = [:]
        /// Namespace and name of those, by uid.
        var keys: [String: String] = [:]
        /// The uids of pods that have ended well and badly, by the uid of their controller.
        var succeeded: [String: Set<String>] = [:]
        var failed: [String: Set<String>] = [:]
    }

    private let state = Mutex(State())
    private let trace: Trace

    init(trace: Trace) { self.trace = trace }

    func started(_ pod: Pod, on node: String) {
        let key = "\(pod.metadata.namespace ?? "")/\(pod.metadata.name ?? "")"
        let uid = pod.metadata.uid ?? ""
        let others = state.withLock { state in
            let others = state.running[key, default: []].filter { $0.uid != uid || $0.node != node }
            state.running[key] = others + [(uid, node)]
            state.keys[uid] = key
            return others
        }
        for other in others { trace.violated("\(key) runs twice: \(uid) on \(node), \(other.uid) on \(other.node)") }
    }

    func stopped(uid: String) {
        state.withLock { state in
            guard let key = state.keys.removeValue(forKey: uid) else { return }
            state.running[key]?.removeAll { $0.uid == uid }
        }
    }

    func ended(_ pod: Pod, well: Bool) {
        guard let owner = pod.metadata.ownerReferences.first(where: { $0.controller == true })?.uid, let uid = pod.metadata.uid else { return }
        state.withLock { state in
            if well { _ = state.succeeded[owner, default: []].insert(uid) } else { _ = state.failed[owner, default: []].insert(uid) }
        }
    }

    func succeeded(under owner: String) -> Int { state.withLock { $0.succeeded[owner]?.count ?? 0 } }
    func failed(under owner: String) -> Int { state.withLock { $0.failed[owner]?.count ?? 0 } }
}
