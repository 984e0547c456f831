package import CoreV1
import JSON
package import KubernetesAPI
package import Logging
import Synchronization

/// Writes events about objects for people to read.
///
/// `event` returns at once and never fails: events are best effort. They are sent in the background, in order for each object; when the
/// server cannot keep up, or cannot be reached for long, the newest are dropped.
package final class EventRecorder: Sendable {
    package enum Kind: String, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    /// Events on different objects are sent at once in so many lanes. Few: events are for people to read, and thousands of them at a time must not
    /// hold up the writes that they tell of.
    static let lanesCount = 2

    private let component: String
    private let host: String
    private let clock: TimeSource
    private let lanes: [EventLane]
    /// Makes names of events of the same microsecond different.
    private let sequence = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - component: who speaks, `kubelet` or `default-scheduler`.
    ///   - host: the node it runs on, where that matters.
    package init(
        client: Client, component: String, host: String = "", clock: TimeSource = .system,
        logger: Logger = Logger(label: "events", factory: { _ in SwiftLogNoOpLogHandler() })
    ) {
        self.component = component
        self.host = host
        self.clock = clock
        lanes = (0..<Self.lanesCount).map { _ in EventLane(client: client, clock: clock, logger: logger) }
    }

    /// - Parameters:
    ///   - type: `Normal` or `Warning`.
    ///   - reason: one word in CamelCase, for machines.
    ///   - fieldPath: the part of the object that is meant, such as `spec.containers{web}`.
    package func event(
        _ object: any KubernetesResource, type: String, reason: String, message: String, fieldPath: String? = nil, action: String? = nil
    ) {
        var reference = ObjectReference(object)
        reference.fieldPath = fieldPath
        event(about: reference, type: type, reason: reason, message: message, action: action)
    }

    /// Same, for an object of which only the reference is known.
    package func event(about reference: ObjectReference, type: String, reason: String, message: String, action: String? = nil) {
        let now = clock.wallMicroseconds()
        let time = Time(seconds: now / 1_000_000)
        let unique = UInt64(clamping: now) &* 1000 &+ sequence.wrappingAdd(1, ordering: .relaxed).newValue % 1000
        var event = Event()
        event.metadata.name = "\(reference.name ?? "").\(String(unique, radix: 16))"
        event.metadata.namespace = reference.namespace.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
        event.involvedObject = reference
        event.type = type
        event.reason = reason
        event.message = message
        event.action = action
        event.count = 1
        event.firstTimestamp = time
        event.lastTimestamp = time
        var source = EventSource()
        source.component = component
        source.host = host.isEmpty ? nil : host
        event.source = source
        event.reportingComponent = component
        event.reportingInstance = host
        var hasher = Hasher()
        hasher.combine(reference.namespace)
        hasher.combine(reference.name)
        lanes[Int(UInt(bitPattern: hasher.finalize()) % UInt(lanes.count))].append(event)
    }

    /// Returns when all events recorded so far have been sent or given up.
    package func flush() async {
        for lane in lanes { await lane.flush() }
    }
}

extension ObjectReference {
    /// The reference to an object as it is now.
    package init(_ object: any KubernetesResource) {
        self.init()
        let resource = type(of: object).resource
        apiVersion = resource.apiVersion
        kind = resource.kind
        name = object.metadata.name
        namespace = object.metadata.namespace
        uid = object.metadata.uid
        resourceVersion = object.metadata.resourceVersion
    }
}
