package import CoreV1
import JSON
import KubernetesAPI

/// Decides what becomes of an event: written, counted onto an earlier one, folded together with similar ones, or dropped.
///
/// The rules and numbers are those of upstream's clients. Only the decisions; sending is the recorder's.
package struct EventCorrelator: Sendable {
    /// From this many different messages of one reason on one object within the window, they become one combined event.
    package static let similarEventsMax = 10
    package static let similarWindow = Duration.seconds(600)
    /// Events on one object before it is taken for spam, and how fast the allowance comes back.
    package static let spamBurst = 25.0
    package static let spamRefillPerSecond = 1.0 / 300
    /// Objects and messages remembered. A recorder has several correlators; all together remember as many as upstream's one.
    package static let cacheEntriesMax = 4096 / EventRecorder.lanesCount

    package enum Decision: Sendable {
        case create(Event)
        /// Raise the count of the event that exists under this event's name.
        case recount(Event)
        case drop
    }

    private struct Similar: Sendable {
        var messages: Set<String>
        var lastSeen: Duration
    }

    private struct Observed: Sendable {
        var name: String
        var count: Int32
        var firstTimestamp: Time?
    }

    private struct Allowance: Sendable {
        var tokens: Double
        var refilledAt: Duration
    }

    private var similar = RecentCache<String, Similar>(entriesMax: cacheEntriesMax)
    private var observed = RecentCache<String, Observed>(entriesMax: cacheEntriesMax)
    private var allowances = RecentCache<String, Allowance>(entriesMax: cacheEntriesMax)

    package init() {}

    /// - Parameters:
    ///   - event: complete, with a fresh name and count 1.
    ///   - uptime: the time of now.
    package mutating func correlate(_ event: Event, uptime: Duration) -> Decision {
        var event = event
        let object = Self.objectKey(event)
        let group = Self.joined(object, event.type ?? "", event.reason ?? "", event.reportingComponent ?? "", event.reportingInstance ?? "")
        var key = Self.joined(group, event.involvedObject?.fieldPath ?? "", event.message ?? "")
        if isOneOfMany(group, message: event.message ?? "", uptime) {
            event.message = "(combined from similar events): " + (event.message ?? "")
            key = group
        }
        if let earlier = observed[key] {
            event.metadata.name = earlier.name
            event.firstTimestamp = earlier.firstTimestamp
            event.count = earlier.count == .max ? .max : earlier.count + 1
        }
        observed[key] = Observed(name: event.metadata.name ?? "", count: event.count ?? 1, firstTimestamp: event.firstTimestamp)
        guard takeToken(object, uptime) else { return .drop }
        return (event.count ?? 1) > 1 ? .recount(event) : .create(event)
    }

    private mutating func isOneOfMany(_ group: String, message: String, _ uptime: Duration) -> Bool {
        var record = similar[group] ?? Similar(messages: [], lastSeen: uptime)
        if uptime - record.lastSeen > Self.similarWindow { record.messages = [] }
        record.messages.insert(message)
        record.lastSeen = uptime
        let isMany = record.messages.count >= Self.similarEventsMax
        if isMany, let any = record.messages.first { record.messages.remove(any) }
        similar[group] = record
        return isMany
    }

    private mutating func takeToken(_ object: String, _ uptime: Duration) -> Bool {
        var allowance = allowances[object] ?? Allowance(tokens: Self.spamBurst, refilledAt: uptime)
        let elapsed = (uptime - allowance.refilledAt).secondsValue
        allowance.tokens = min(Self.spamBurst, allowance.tokens + elapsed * Self.spamRefillPerSecond)
        allowance.refilledAt = uptime
        let isAllowed = allowance.tokens >= 1
        if isAllowed { allowance.tokens -= 1 }
        allowances[object] = allowance
        return isAllowed
    }

    private static func objectKey(_ event: Event) -> String {
        let object = event.involvedObject ?? ObjectReference()
        return joined(
            event.source?.component ?? "", event.source?.host ?? "", object.kind ?? "", object.namespace ?? "", object.name ?? "",
            object.uid ?? "", object.apiVersion ?? "")
    }

    private static func joined(_ parts: String...) -> String { parts.joined(separator: "\u{1}") }
}
