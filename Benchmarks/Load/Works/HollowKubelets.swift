import JSON
import NIOCore
import Synchronization

/// Says of every pod on a hollow node that it runs and is ready, and lets go of those that are to end: as fast as the server takes it.
final class HollowKubelets: Sendable {
    private struct State {
        var waiting: [Request] = []
        var head = 0
        var inFlight = 0
        /// The pods that have been reported, by name, and those that are to go.
        var reported: Set<String> = []
        var ending: Set<String> = []
        var gone = 0
        var failure: LoadError?
        var isOver = false
    }

    private static let inFlightMax = 48
    private static let running =
        #"{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"},{"type":"ContainersReady","status":"True"}]}}"#
    private let lines: [Line]
    private let state = Mutex(State())

    init(lines: [Line]) { self.lines = lines }

    /// How many pods have been seen to be gone.
    var gone: Int { state.withLock { $0.gone } }

    /// Follows the pods with a label.
    func follow(label: String, on line: Line) async throws {
        try await EventStream.open(
            "\(PodWork.path)?watch=1&labelSelector=\(label)", on: line, onLine: { self.see($0) }, onEnd: { self.end($0) })
    }

    func check() throws { if let failure = state.withLock({ $0.failure }) { throw failure } }

    func stop() { state.withLock { $0.isOver = true } }

    private func end(_ error: LoadError) { state.withLock { if !$0.isOver { $0.failure = error } } }

    private func see(_ bytes: UnsafeRawBufferPointer) {
        guard let event = try? JSONValue(parsing: Array(bytes)), let pod = event["object"],
            let name = pod["metadata"]?["name"]?.stringValue
        else { return }
        if event["type"]?.stringValue == "DELETED" { return state.withLock { $0.gone += 1 } }
        let path = "\(PodWork.path)/\(name)"
        if pod["metadata"]?["deletionTimestamp"] != nil {
            if state.withLock({ $0.ending.insert(name).inserted }) { send(.delete(path)) }
        } else if pod["spec"]?["nodeName"] != nil {
            if state.withLock({ $0.reported.insert(name).inserted }) { send(.mergePatch("\(path)/status", Self.running)) }
        }
    }

    private func send(_ request: Request) {
        let goes = state.withLock { state in
            guard state.inFlight < Self.inFlightMax else {
                state.waiting.append(request)
                return false
            }
            state.inFlight += 1
            return true
        }
        if goes { put(request) }
    }

    private func put(_ request: Request) {
        let line = lines[Int.random(in: 0..<lines.count)]
        line.loop.execute { line.connection.send(request, Answer(self)) }
    }

    /// The next one, when there is one.
    private func answered(_ failure: LoadError?) {
        if let failure { end(failure) }
        let next = state.withLock { state -> Request? in
            guard state.head < state.waiting.count else {
                state.waiting.removeAll(keepingCapacity: true)
                state.head = 0
                state.inFlight -= 1
                return nil
            }
            state.head += 1
            return state.waiting[state.head - 1]
        }
        if let next { put(next) }
    }

    private final class Answer: AnswerReceiver {
        private let kubelets: HollowKubelets
        private var status = 0

        init(_ kubelets: HollowKubelets) { self.kubelets = kubelets }

        func head(status: Int) { self.status = status }
        func bytes(_ part: ByteBuffer) {}
        // A pod that has gone meanwhile needs nothing.
        func end() { kubelets.answered([200, 201, 404, 409].contains(status) ? nil : .refused(work: "hollow kubelet", status: status, body: "")) }
        func failed(_ error: LoadError) { kubelets.answered(error) }
    }
}
