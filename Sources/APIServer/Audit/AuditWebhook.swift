package import KubernetesClient
package import Logging
import ServiceLifecycle
import Synchronization

/// Sends audit events in batches to a server (`--audit-webhook-...`).
package final class AuditWebhook: AuditSink, Service {
    package struct Limits: Sendable {
        /// Events that wait at most; what comes beyond is dropped and counted.
        package var bufferMax = 10_000
        /// Events of one batch.
        package var batchMax = 400
        /// Bytes of one batch, if it has more than one event.
        package var batchBytesMax = Int.max
        /// How long an event waits for others.
        package var wait = Duration.seconds(30)
        /// The pause after a failure; it doubles up to ten times.
        package var initialBackoff = Duration.seconds(10)
        package var attemptsMax = 5

        package init() {}
    }

    private struct State {
        var events: [[UInt8]] = []
        var dropped = 0
        /// Whoever waits for a full batch or for the end.
        var waiter: CheckedContinuation<Void, Never>?
        var isClosing = false
    }

    private let transport: any Transport
    private let path: String
    private let limits: Limits
    private let time: TimeSource
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter path: with which the transport's server takes events.
    package init(transport: any Transport, path: String, limits: Limits = Limits(), time: TimeSource = .system, logger: Logger) {
        self.transport = transport
        self.path = path
        self.limits = limits
        self.time = time
        self.logger = logger
    }

    package func record(_ event: [UInt8]) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.events.count < limits.bufferMax else {
                state.dropped += 1
                return nil
            }
            state.events.append(event)
            guard state.events.count >= limits.batchMax else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Sends until the service group shuts down, and then what is left.
    package func run() async throws {
        await withGracefulShutdownHandler {
            while !(state.withLock { $0.isClosing }) && !Task.isCancelled {
                await waitForBatch()
                await sendAll()
            }
            await sendAll()
        } onGracefulShutdown: {
            self.close()
        }
    }

    package func flush() async { await sendAll() }

    private func close() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isClosing = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    private func waitForBatch() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [time, limits] in
                do { try await time.sleep(limits.wait) } catch {}
                self.wake()
            }
            group.addTask {
                await withTaskCancellationHandler {
                    await withCheckedContinuation { continuation in
                        let isReady = self.state.withLock { state -> Bool in
                            if state.isClosing || state.events.count >= self.limits.batchMax || Task.isCancelled { return true }
                            state.waiter = continuation
                            return false
                        }
                        if isReady { continuation.resume() }
                    }
                } onCancel: {
                    self.wake()
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func wake() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    private func sendAll() async {
        while true {
            let (batch, dropped) = state.withLock { state -> ([[UInt8]], Int) in
                var bytes = 0
                let batch = Array(
                    state.events.prefix(limits.batchMax).prefix { event in
                        bytes += event.count
                        return bytes <= limits.batchBytesMax || bytes == event.count
                    })
                defer {
                    state.events.removeFirst(batch.count)
                    state.dropped = 0
                }
                return (batch, state.dropped)
            }
            if dropped > 0 { logger.error("audit events were dropped: the webhook does not keep up", metadata: ["events": "\(dropped)"]) }
            if batch.isEmpty { return }
            await send(batch)
        }
    }

    private func send(_ batch: [[UInt8]]) async {
        var body = Array(#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":["#.utf8)
        for (index, event) in batch.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body += event
        }
        body += Array("]}".utf8)
        var pause = limits.initialBackoff
        for attempt in 1...limits.attemptsMax {
            do {
                let response = try await transport.send(
                    HTTPRequestData(method: "POST", path: path, headers: [("Content-Type", "application/json")], body: body))
                if (200..<300).contains(response.status) { return }
                logger.warning("the audit webhook refused events", metadata: ["status": "\(response.status)", "attempt": "\(attempt)"])
                // It will not change its mind about what it cannot read.
                if (400..<500).contains(response.status), response.status != 429 { break }
            } catch {
                logger.warning("the audit webhook cannot be reached", metadata: ["error": "\(error)", "attempt": "\(attempt)"])
            }
            if attempt < limits.attemptsMax {
                do { try await time.sleep(pause) } catch { break }
                pause *= 2
            }
        }
        logger.error("audit events are lost: the webhook did not take them", metadata: ["events": "\(batch.count)"])
    }
}
