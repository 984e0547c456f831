import GRPCCore
import Logging
import SwiftProtobuf

/// What the runtime tells by itself about its containers.
///
/// An id is a container's or, for the process that holds a pod together, the sandbox's. Events may be lost (the runtime was away, the
/// listener was late): they are hints to look at once, and the listener also relists from time to time.
package enum RuntimeEvent: Sendable, Equatable {
    /// Listening has (again) begun. What happened before was not heard.
    case subscribed
    case started(id: String, pid: UInt32)
    /// The container's first process has ended. `exitedAt` in nanoseconds since 1970.
    case exited(id: String, exitStatus: UInt32, exitedAt: Int64)
    /// The kernel killed a process of the container for want of memory.
    case outOfMemory(id: String)
    case deleted(id: String)
}

/// A source of ``RuntimeEvent``s.
package protocol RuntimeEvents: Sendable {
    /// Hands every event to `handle`, one at a time and in order, until the task is cancelled; subscribes again whenever the runtime was away.
    func listen(_ handle: @escaping @Sendable (RuntimeEvent) async -> Void) async
}

extension RuntimeClient: RuntimeEvents {
    /// Listens to containerd's own event service, since containerd before 1.7 does not have CRI's.
    package func listen(_ handle: @escaping @Sendable (RuntimeEvent) async -> Void) async {
        let stub = ContainerdEvents.Client(wrapping: client)
        let request = ContainerdSubscribeRequest.with {
            $0.filters = ["start", "exit", "oom", "delete"].map { "namespace==k8s.io,topic==\"/tasks/\($0)\"" }
        }
        var options = CallOptions.defaults
        options.waitForReady = true
        while !Task.isCancelled {
            do {
                try await stub.subscribe(request, options: options) { response in
                    // containerd sends no header before the first event, so this is told before it is certain; relisting heals the rest.
                    await handle(.subscribed)
                    for try await envelope in response.messages {
                        if let event = RuntimeEvent(envelope) { await handle(event) }
                    }
                }
                logger.info("the runtime ended its event stream")
            } catch {
                if Task.isCancelled { return }
                logger.info("the runtime's event stream broke off", metadata: ["error": "\(error)"])
            }
            // A runtime that refuses at once must not make us spin.
            try? await Task.sleep(for: .milliseconds(100))
        }
    }
}

extension RuntimeEvent {
    /// Nil for events that say nothing about a container's first process, and for ones that cannot be read.
    init?(_ envelope: ContainerdEnvelope) {
        let bytes = envelope.event.value
        switch envelope.topic {
        case "/tasks/start":
            guard let event = try? ContainerdTaskStart(serializedBytes: bytes) else { return nil }
            self = .started(id: event.containerID, pid: event.pid)
        case "/tasks/exit":
            guard let event = try? ContainerdTaskExit(serializedBytes: bytes), event.id == event.containerID else { return nil }
            let (seconds, overflow) = event.exitedAt.seconds.multipliedReportingOverflow(by: 1_000_000_000)
            self = .exited(
                id: event.containerID, exitStatus: event.exitStatus,
                exitedAt: overflow ? 0 : seconds &+ Int64(event.exitedAt.nanos))
        case "/tasks/oom":
            guard let event = try? ContainerdTaskOOM(serializedBytes: bytes) else { return nil }
            self = .outOfMemory(id: event.containerID)
        case "/tasks/delete":
            guard let event = try? ContainerdTaskDelete(serializedBytes: bytes), event.id.isEmpty || event.id == event.containerID else { return nil }
            self = .deleted(id: event.containerID)
        default:
            return nil
        }
    }
}
