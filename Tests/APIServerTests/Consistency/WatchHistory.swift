/// What many watchers of the same objects were told, and whether it can be that each of them was told every change once and in order.
struct WatchHistory: Sendable {
    enum Kind: Sendable { case added, modified, deleted }

    struct Event: Sendable, Equatable {
        let revision: Int64
        let kind: Kind
        let name: String
        let value: String
    }

    /// One watch from its beginning to its end.
    struct Watch: Sendable {
        /// It was to tell what came after this.
        let start: Int64
        /// What the list said that gave the start; nil when the watch went on from what an earlier one had told.
        var listed: [String: String]?
        var events: [Event] = []
        /// All up to here had been told: by an event or by a bookmark.
        var position: Int64
        /// A bookmark that came before something that is not newer.
        var wrongBookmark: Int64?

        init(start: Int64, listed: [String: String]? = nil) {
            self.start = start
            self.listed = listed
            position = start
        }

        mutating func tell(_ event: Event) {
            events.append(event)
            position = max(position, event.revision)
        }

        mutating func bookmark(_ revision: Int64) {
            if revision < position { wrongBookmark = revision }
            position = max(position, revision)
        }
    }

    /// The objects before anything happened, and when that was.
    var base: [String: String] = [:]
    var baseRevision: Int64 = 0
    var watches: [Watch] = []
    /// Acknowledged writes and what they wrote: by their revisions.
    var acknowledged: [Int64: (name: String, value: String)] = [:]
    /// What was refused must not be seen by anybody.
    var refused: Set<String> = []

    /// What cannot be; nil: all is well.
    var complaint: String? {
        var all: [Int64: Event] = [:]
        for watch in watches {
            for event in watch.events {
                if let other = all.updateValue(event, forKey: event.revision), other != event { return "\(event) here is \(other) there" }
                if refused.contains(event.value) { return "\(event) was refused" }
            }
        }
        let order = all.values.sorted { $0.revision < $1.revision }
        for (revision, write) in acknowledged {
            if let event = all[revision] {
                guard event.name == write.name, event.value == write.value else {
                    return "\(write) was acknowledged at \(revision), where \(event) is told"
                }
            } else if watches.contains(where: { $0.start < revision && revision <= $0.position }) {
                return "nobody was told of \(write) at \(revision)"
            }
        }
        let unbroken = unbroken
        return watches.lazy.compactMap { complaint(about: $0, order, unbroken) }.first
    }

    /// Up to here somebody watched without a gap.
    private var unbroken: Int64 {
        var end = baseRevision
        for watch in watches.sorted(by: { $0.start < $1.start }) where watch.start <= end { end = max(end, watch.position) }
        return end
    }

    /// Changes the state by an event; tells if that cannot be.
    private static func follow(_ event: Event, _ state: inout [String: String]) -> String? {
        let isThere = state[event.name] != nil
        state[event.name] = event.kind == .deleted ? nil : event.value
        return isThere == (event.kind != .added) ? nil : "\(event), but the object \(isThere ? "was there" : "was not there")"
    }

    private func complaint(about watch: Watch, _ order: [Event], _ unbroken: Int64) -> String? {
        if let bookmark = watch.wrongBookmark { return "bookmark \(bookmark) after something newer, from \(watch.start)" }
        let expected = order.filter { $0.revision > watch.start && $0.revision <= watch.position }
        if watch.events != expected {
            let index =
                zip(watch.events, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(watch.events.count, expected.count)
            let told = index < watch.events.count ? "\(watch.events[index])" : "the end"
            let due = index < expected.count ? "\(expected[index])" : "the end"
            return "told \(told) instead of \(due), from \(watch.start) up to \(watch.position)"
        }
        guard let listed = watch.listed else { return nil }
        if watch.start <= unbroken {
            var state = base
            for event in order where event.revision <= watch.start { if let complaint = Self.follow(event, &state) { return complaint } }
            if state != listed { return "listed \(listed) at \(watch.start) instead of \(state)" }
        }
        var state = listed
        return watch.events.lazy.compactMap { Self.follow($0, &state) }.first
    }
}
