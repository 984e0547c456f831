import CoreV1
import JSON
import KubernetesAPI
import Logging
import Synchronization

/// Sends the events of some of the objects, one after the other.
final class EventLane: Sendable {
    /// Events that may wait; further ones are dropped.
    static let pendingMax = 4000
    /// How often, and with what pause, an event is sent again when the server cannot be reached.
    static let attemptsMax = 12
    static let attemptPause = Duration.seconds(10)

    private struct State {
        var pending: [Event] = []
        var isSending = false
        var flushers: [CheckedContinuation<Void, Never>] = []
        var dropped = 0
    }

    private let client: Client
    private let clock: TimeSource
    private let logger: Logger
    private let state = Mutex(State())
    private let correlator = Mutex(EventCorrelator())

    init(client: Client, clock: TimeSource, logger: Logger) {
        self.client = client
        self.clock = clock
        self.logger = logger
    }

    func append(_ event: Event) {
        let mustStart = state.withLock { state in
            if state.pending.count >= Self.pendingMax {
                state.dropped += 1
                return false
            }
            state.pending.append(event)
            defer { state.isSending = true }
            return !state.isSending
        }
        // Lives only while there is something to send, so nobody has to run or stop a recorder.
        if mustStart { Task { await sendAll() } }
    }

    func flush() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if !state.isSending { return true }
                state.flushers.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    private func sendAll() async {
        while true {
            let (batch, flushers) = state.withLock { state -> ([Event], [CheckedContinuation<Void, Never>]) in
                let batch = state.pending
                state.pending = []
                guard batch.isEmpty else { return (batch, []) }
                state.isSending = false
                defer { state.flushers = [] }
                return ([], state.flushers)
            }
            for flusher in flushers { flusher.resume() }
            if batch.isEmpty { return }
            for event in batch { await send(event) }
        }
    }

    private func send(_ event: Event) async {
        let uptime = clock.uptime()
        let decision = correlator.withLock { $0.correlate(event, uptime: uptime) }
        for attempt in 1...Self.attemptsMax {
            do {
                switch decision {
                case .drop: return
                case .create(let event): try await create(event)
                case .recount(let event): try await recount(event)
                }
                return
            } catch let error as APIStatusError {
                // The namespace ends, or we may not: asking again changes nothing.
                logger.debug("event refused", metadata: metadata(event, error))
                return
            } catch {
                if attempt == Self.attemptsMax {
                    logger.warning("event given up", metadata: metadata(event, error))
                    return
                }
                do { try await clock.sleep(Self.attemptPause) } catch { return }
            }
        }
    }

    // The answers are not read: nobody needs the event as the server keeps it.
    private func create(_ event: Event) async throws {
        _ = try await client.send("POST", Event.resource.path(namespace: event.metadata.namespace, name: nil, subresource: nil), event.jsonBytes())
    }

    private func recount(_ event: Event) async throws {
        let change: JSONValue = [
            "count": .integer(Int64(event.count ?? 1)),
            "lastTimestamp": event.lastTimestamp?.tree() ?? .null,
            "message": .string(event.message ?? ""),
        ]
        do {
            let path = Event.resource.path(namespace: event.metadata.namespace, name: event.metadata.name ?? "", subresource: nil)
            let patch = Patch.strategic(change)
            _ = try await client.send("PATCH", path, patch.body, contentType: patch.contentType)
        } catch let error as APIStatusError where error.isNotFound {
            // It has reached the end of its life; the count goes on in a new one.
            try await create(event)
        }
    }

    private func metadata(_ event: Event, _ error: any Error) -> Logger.Metadata {
        ["reason": "\(event.reason ?? "")", "object": "\(event.involvedObject?.name ?? "")", "error": "\(error)"]
    }
}
