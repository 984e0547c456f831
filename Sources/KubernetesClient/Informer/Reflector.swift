package import KubernetesAPI

/// How a reflector asks.
package struct ReflectorOptions: Sendable {
    package var labelSelector: String?
    package var fieldSelector: String?
    /// Items in one page of a list.
    package var pageSize: Int64 = 500
    /// The server is asked to end a watch after this many seconds to twice as many, so that watches spread over servers.
    package var watchSecondsMin: Int64 = 300
    /// Whether to begin with a watch that sends what exists, and list only when the server declines.
    package var streamsInitialState = false
    /// Pauses after failures; the values of upstream's clients.
    package var backoff = Backoff(base: .milliseconds(800), limit: .seconds(30), factor: 2, jitter: 1)

    package init(labelSelector: String? = nil, fieldSelector: String? = nil) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
    }
}

/// Follows the state of a collection: lists it, watches it from there, lists again when the watch has lost its place.
///
/// Only the decisions: no clock, no network. Feed it what happened with `receive`; it answers what changed and what to do next.
package struct Reflector<T: KubernetesResource>: Sendable {
    package enum Input: Sendable {
        case started
        /// One page of the list that was asked for.
        case listed(List<T>)
        /// The watch that was asked for is open.
        case opened
        case received([WatchEvent<T>])
        /// The server ended the watch without an error, this long after it was opened.
        case ended(after: Duration)
        /// The list or the watch failed.
        case failed(any Error)
        /// The pause is over.
        case waited
    }

    package enum Action: Sendable {
        case list(ListOptions)
        case watch(ListOptions)
        /// Go on reading the open watch.
        case read
        case wait(Duration)
    }

    /// What to tell those who keep the objects.
    package enum Change: Sendable {
        /// These are all; whatever else is known is gone.
        case replaced([T])
        /// In order; no bookmarks among them.
        case changed([WatchEvent<T>])
    }

    package struct Step: Sendable {
        package var change: Change?
        package var next: Action
    }

    private enum Phase: Sendable {
        case idle
        case listing(pages: [T])
        case streaming(objects: [T])
        case watching(hasReceived: Bool)
        /// Pausing before a list or before the watch is opened again.
        case pausing(thenWatch: Bool)
    }

    private let options: ReflectorOptions
    private let random: @Sendable () -> Double
    private var phase = Phase.idle
    private var backoff: Backoff
    private var streamsInitialState: Bool
    /// The version that the kept objects are at; empty before the first list.
    package private(set) var resourceVersion = ""
    /// The version no longer serves; the next list must ask for the newest state.
    private var isExpired = false

    /// - Parameter random: uniform in 0..<1.
    package init(_ options: ReflectorOptions, random: @escaping @Sendable () -> Double = RandomSource.fraction) {
        self.options = options
        self.random = random
        backoff = options.backoff
        streamsInitialState = options.streamsInitialState
    }

    package mutating func receive(_ input: Input) -> Step {
        switch (input, phase) {
        case (.started, _), (.waited, .idle): return begin()
        case (.waited, .pausing(let thenWatch)): return thenWatch ? watch() : begin()
        case (.listed(let list), .listing(let pages)): return listed(list, after: pages)
        case (.opened, _): return Step(next: .read)
        case (.received(let events), .watching):
            phase = .watching(hasReceived: true)
            return received(events)
        case (.received(let events), .streaming(let objects)): return streamed(events, after: objects)
        case (.ended(let duration), .watching(let hasReceived)):
            // A watch that is closed as soon as it opens would otherwise be opened again in a tight loop.
            if !hasReceived && duration < .seconds(1) { return pause(thenWatch: true) }
            backoff.reset()
            return watch()
        case (.ended, .streaming): return pause(thenWatch: false)
        case (.failed(let error), _): return failed(error)
        case (.listed, _), (.received, _), (.ended, _), (.waited, _):
            // Out of turn: start over, which is always right.
            return begin()
        }
    }

    private mutating func begin() -> Step {
        if streamsInitialState {
            phase = .streaming(objects: [])
            var watch = watchOptions()
            watch.sendInitialEvents = true
            watch.resourceVersion = isExpired ? nil : resourceVersion
            watch.resourceVersionMatch = "NotOlderThan"
            return Step(next: .watch(watch))
        }
        phase = .listing(pages: [])
        return Step(next: .list(listOptions(continue: nil)))
    }

    private func listOptions(continue token: String?) -> ListOptions {
        var list = ListOptions(labelSelector: options.labelSelector, fieldSelector: options.fieldSelector, limit: options.pageSize)
        if let token {
            list.continue = token
        } else if !isExpired {
            // At least what we had, from the server's memory; the first time, whatever it has at hand.
            list.resourceVersion = resourceVersion.isEmpty ? "0" : resourceVersion
        }
        return list
    }

    private func watchOptions() -> ListOptions {
        let spread = Int64(Double(options.watchSecondsMin) * random())
        return ListOptions(
            labelSelector: options.labelSelector, fieldSelector: options.fieldSelector, resourceVersion: resourceVersion,
            timeoutSeconds: options.watchSecondsMin + spread, allowWatchBookmarks: true)
    }

    private mutating func watch() -> Step {
        phase = .watching(hasReceived: false)
        return Step(next: .watch(watchOptions()))
    }

    private mutating func listed(_ list: List<T>, after pages: [T]) -> Step {
        let objects = pages.isEmpty ? list.items : pages + list.items
        if let token = list.metadata.continue, !token.isEmpty {
            phase = .listing(pages: objects)
            return Step(next: .list(listOptions(continue: token)))
        }
        resourceVersion = list.metadata.resourceVersion ?? ""
        isExpired = false
        var step = watch()
        step.change = .replaced(objects)
        return step
    }

    private mutating func received(_ events: [WatchEvent<T>]) -> Step {
        backoff.reset()
        if let last = events.last?.object.metadata.resourceVersion, !last.isEmpty { resourceVersion = last }
        let changes = events.contains(where: \.isBookmark) ? events.filter { !$0.isBookmark } : events
        return Step(change: changes.isEmpty ? nil : .changed(changes), next: .read)
    }

    private mutating func streamed(_ events: [WatchEvent<T>], after objects: [T]) -> Step {
        var objects = objects
        for (index, event) in events.enumerated() {
            switch event {
            case .added(let object), .modified(let object), .deleted(let object):
                // The initial state is a run of ADDED; a change on top of it replaces what was sent before.
                let name = NamespacedName(object.metadata)
                if case .added = event {} else { objects.removeAll { NamespacedName($0.metadata) == name } }
                if case .deleted = event {} else { objects.append(object) }
            case .bookmark(let mark):
                guard mark.metadata.annotations["k8s.io/initial-events-end"] == "true" else { continue }
                resourceVersion = mark.metadata.resourceVersion ?? ""
                isExpired = false
                phase = .watching(hasReceived: true)
                backoff.reset()
                // Later events of the same batch are changes to the state that is complete now.
                let rest = Array(events[(index + 1)...])
                if rest.isEmpty { return Step(change: .replaced(objects), next: .read) }
                return streamedTail(objects, rest)
            }
        }
        phase = .streaming(objects: objects)
        return Step(next: .read)
    }

    /// The state with the events that came right behind its end already applied.
    private mutating func streamedTail(_ objects: [T], _ events: [WatchEvent<T>]) -> Step {
        var byName: [NamespacedName: T] = [:]
        for object in objects { byName[NamespacedName(object.metadata)] = object }
        for event in events where !event.isBookmark {
            let object = event.object
            if case .deleted = event { byName[NamespacedName(object.metadata)] = nil } else { byName[NamespacedName(object.metadata)] = object }
        }
        if let last = events.last?.object.metadata.resourceVersion, !last.isEmpty { resourceVersion = last }
        return Step(change: .replaced(Array(byName.values)), next: .read)
    }

    private mutating func failed(_ error: any Error) -> Step {
        guard let refusal = error as? APIStatusError else {
            // The connection failed; the place in the history is still good.
            if case .watching = phase { return pause(thenWatch: true) }
            return pause(thenWatch: false)
        }
        if case .streaming = phase, refusal.code == 400 || refusal.isInvalid {
            streamsInitialState = false
            return begin()
        }
        if refusal.isExpired || refusal.isTooLargeResourceVersion {
            let isFirst = backoff.attempts == 0
            isExpired = true
            if isFirst {
                // Count it, so that a server that answers 410 to everything is not asked in a tight loop.
                _ = backoff.next(random: 0)
                return begin()
            }
            return pause(thenWatch: false)
        }
        if case .watching = phase, refusal.isTooManyRequests || refusal.code >= 500 { return pause(thenWatch: true) }
        return pause(thenWatch: false)
    }

    private mutating func pause(thenWatch: Bool) -> Step {
        phase = .pausing(thenWatch: thenWatch)
        return Step(next: .wait(backoff.next(random: random())))
    }
}

extension WatchEvent {
    var isBookmark: Bool {
        if case .bookmark = self { true } else { false }
    }
}
