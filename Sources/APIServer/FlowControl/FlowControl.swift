import JSON
import Synchronization

/// Which requests are served now, which wait for others, and which are refused: API Priority and Fairness.
///
/// A request takes a seat of its priority level for as long as it is being answered, and several when there is much to do (``RequestWork``). While there is one, deciding costs a look at the flow schemas and
/// nothing is made; only requests that wait are kept. Who waits is let in by turns between the queues of the level.
package final class FlowControl: Sendable {
    /// The right to be served: one seat or several. Given back once, at the latest with the last reference to it.
    final class Seat: Sendable {
        fileprivate let level: Int
        fileprivate let work: RequestWork
        /// The queue that the request waited in; nil: it did not wait.
        fileprivate let queue: Int?
        fileprivate let since: Int64
        private let control: FlowControl
        private let isBack = Atomic<Bool>(false)

        fileprivate init(level: Int, work: RequestWork, queue: Int?, since: Int64, control: FlowControl) {
            self.level = level
            self.work = work
            self.queue = queue
            self.since = since
            self.control = control
        }

        deinit { giveBack() }

        func giveBack() {
            guard isBack.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else { return }
            control.giveBack(level: level, work, queue: queue, since: since)
        }
    }

    enum Entry {
        case seated(Seat)
        /// No seat is free: see `wait`.
        case full(FlowClassifier.Flow)
        /// The request is not subject to flow control.
        case free
    }

    package struct Limits: Sendable {
        /// Seats for reads, and for writes. With priority and fairness they are one pool.
        package var reading: Int
        package var writing: Int
        /// Whether seats are divided by priority and given out fairly; else there is one limit for reads and one for writes, and nobody waits.
        package var isFair: Bool

        package init(reading: Int = 400, writing: Int = 200, isFair: Bool = true) {
            self.reading = reading
            self.writing = writing
            self.isFair = isFair
        }
    }

    /// How long a request may wait for a seat.
    static let waitMax: Int64 = 15_000_000_000

    private struct State {
        var classifier = FlowClassifier([])
        var levels: [PriorityLevel] = []
        var positions: [String: Int] = [:]
        /// Seats that stay taken for a while after the answer, the next to be free last.
        var lingering: [(level: Int, seats: Int, until: Int64)] = []
        /// Whether somebody waits for the next of them.
        var isAwaited = false
    }

    private let limits: Limits
    private let load = Mutex<(@Sendable (RequestInfo) -> RequestWork.Load?)?>(nil)
    /// Nanoseconds since some moment.
    private let now: @Sendable () -> Int64
    private let sleep: @Sendable (Duration) async throws -> Void
    private let state: Mutex<State>

    package init(
        _ limits: Limits = Limits(), now: @escaping @Sendable () -> Int64 = FlowControl.uptime,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.limits = limits
        self.now = now
        self.sleep = sleep
        state = Mutex(State())
        configure(
            schemas: FlowControlObjects.all.filter { $0.resource == "flowschemas" }.map(Self.object),
            levels: FlowControlObjects.all.filter { $0.resource == "prioritylevelconfigurations" }.map(Self.object))
    }

    package static let uptime: @Sendable () -> Int64 = {
        let start = ContinuousClock.now
        return {
            let passed = start.duration(to: .now).components
            return passed.seconds &* 1_000_000_000 &+ passed.attoseconds / 1_000_000_000
        }
    }()

    private static func object(_ object: FlowControlObjects.Object) -> JSONValue {
        ["metadata": ["name": .string(object.name)], "spec": object.spec]
    }

    /// Goes by these objects from now on. Requests under way and waiting keep their seats and places.
    func configure(schemas: [JSONValue], levels: [JSONValue]) {
        guard limits.isFair else { return configurePlainly() }
        let shares = levels.reduce(0) { $0 + PriorityLevel.Settings.shares($1) }
        let seats = limits.reading + limits.writing
        let settings = levels.map { ($0.text("metadata", "name"), PriorityLevel.Settings($0, seats: seats, shares: shares)) }
        let names = Set(settings.map(\.0))
        // A schema whose level is not there counts as not there.
        let classifier = FlowClassifier(schemas.filter { names.contains($0.text("spec", "priorityLevelConfiguration", "name")) })
        configure(classifier, settings)
    }

    /// Two levels in which nobody waits. Administrators are let in always.
    private func configurePlainly() {
        func limited(_ seats: Int) -> PriorityLevel.Settings {
            PriorityLevel.Settings(isExempt: seats == 0, nominal: seats, lendable: 0, borrowingMax: seats, queuing: nil)
        }
        configure(
            FlowClassifier([]),
            [("readOnly", limited(limits.reading)), ("mutating", limited(limits.writing)), ("exempt", PriorityLevel.Settings(isExempt: true))])
    }

    private func configure(_ classifier: FlowClassifier, _ settings: [(String, PriorityLevel.Settings)]) {
        let proceeding = state.withLock { state -> [(PriorityLevel.Waiter, Seat)] in
            state.classifier = classifier
            let kept = Set(settings.map(\.0))
            for (name, position) in state.positions where !kept.contains(name) {
                // Its requests go on; nobody new comes.
                state.levels[position].configure(PriorityLevel.Settings(isExempt: true))
            }
            for (name, settings) in settings {
                if state.positions[name] == nil {
                    // The place of a level that is gone and empty is used again.
                    let free = state.levels.firstIndex { !kept.contains($0.name) && $0.executing == 0 && $0.waiting == 0 }
                    if let free {
                        state.positions[state.levels[free].name] = nil
                        state.levels[free] = PriorityLevel(name: name)
                    } else {
                        state.levels.append(PriorityLevel(name: name))
                    }
                    state.positions[name] = free ?? state.levels.count - 1
                }
                if let position = state.positions[name] { state.levels[position].configure(settings) }
            }
            return dispatch(&state)
        }
        proceed(proceeding)
    }

    // MARK: Requests

    /// Asks for a seat. Never waits.
    func enter(_ info: RequestInfo, path: String, user: UserInfo) -> Entry {
        // Answered by others, for as long as they like.
        switch info.subresource {
        case "proxy", "exec", "attach", "portforward", "log": return .free
        default: break
        }
        let found = state.withLock { state -> (flow: FlowClassifier.Flow, seatsMax: Int?, isExempt: Bool)? in
            guard let flow = self.flow(info, path, user, state), let position = state.positions[flow.level] else { return nil }
            let settings = state.levels[position].settings
            return (flow, settings.requestSeatsMax, settings.isExempt)
        }
        guard let found else { return .free }
        var flow = found.flow
        if !found.isExempt, limits.isFair, let load = load.withLock({ $0 }) {
            flow.work = RequestWork(info, seatsMax: found.seatsMax, load: load)
        }
        return state.withLock { state in
            guard let position = state.positions[flow.level] else { return .free }
            settle(&state)
            guard state.levels[position].waiting == 0, hasSeats(flow.work.seats, position, state) else { return .full(flow) }
            return .seated(seat(at: position, flow.work, queue: nil, schema: flow.schema, &state))
        }
    }

    /// Estimates the work of requests from now on by what they set in motion.
    func weigh(_ load: @escaping @Sendable (RequestInfo) -> RequestWork.Load?) { self.load.withLock { $0 = load } }

    /// Waits for a seat in the level's queues: calls `proceed` when there is one, or `refuse` when the queue is full or it takes too long. Either may be
    /// called before this returns.
    func wait(
        _ flow: FlowClassifier.Flow, proceed: @escaping @Sendable (Seat) -> Void, refuse: @escaping @Sendable () -> Void
    ) {
        let proceeding = state.withLock { state -> [(PriorityLevel.Waiter, Seat)]? in
            guard let position = state.positions[flow.level] else { return nil }
            let waiter = PriorityLevel.Waiter(schema: flow.schema, work: flow.work, since: now(), proceed: proceed, refuse: refuse)
            guard state.levels[position].enqueue(waiter, hash: ShuffleSharding.hash(flow.schema, flow.distinguisher)) else { return nil }
            // A seat may have been given back since it was asked for.
            return dispatch(&state)
        }
        guard let proceeding else { return refuse() }
        self.proceed(proceeding)
        awaitLingering()
    }

    fileprivate func giveBack(level: Int, _ work: RequestWork, queue: Int?, since: Int64) {
        let proceeding = state.withLock { state -> [(PriorityLevel.Waiter, Seat)] in
            if let queue {
                state.levels[level].served(queue: queue, seconds: Double(now() &- since) / 1_000_000_000, seats: work.seats)
            }
            if work.linger > 0 {
                let until = now() &+ work.linger
                let place = state.lingering.lastIndex { $0.until >= until }.map { $0 + 1 } ?? 0
                state.lingering.insert((level, work.seats, until), at: place)
            } else {
                state.levels[level].executing -= work.seats
            }
            return dispatch(&state)
        }
        proceed(proceeding)
        if work.linger > 0 { awaitLingering() }
    }

    // MARK: Seats that are kept for a while

    /// Frees the seats that have been kept long enough.
    private func settle(_ state: inout State) {
        guard let last = state.lingering.last else { return }
        let moment = now()
        guard last.until <= moment else { return }
        while let next = state.lingering.last, next.until <= moment {
            state.lingering.removeLast()
            state.levels[next.level].executing -= next.seats
        }
    }

    /// Lets in who waits when the next kept seat is free. While nobody waits nothing need happen: whoever comes looks himself.
    private func awaitLingering() {
        let pause = state.withLock { state -> Int64? in
            guard !state.isAwaited, let next = state.lingering.last, state.levels.contains(where: { $0.waiting > 0 }) else { return nil }
            state.isAwaited = true
            return max(0, next.until &- now())
        }
        guard let pause else { return }
        Task {
            try? await sleep(.nanoseconds(pause))
            proceed(
                state.withLock { state in
                    state.isAwaited = false
                    return dispatch(&state)
                })
            awaitLingering()
        }
    }

    /// Refuses those who have waited too long. Called about once a second.
    func expire() {
        proceed(state.withLock { dispatch(&$0) })
        let moment = now() - Self.waitMax
        let expired = state.withLock { state in state.levels.indices.flatMap { state.levels[$0].expire(before: moment) } }
        for waiter in expired { waiter.refuse() }
    }

    /// Refuses in time those who wait too long, until the task is cancelled.
    func run(_ clock: ServerClock) async {
        while (try? await clock.sleep(.seconds(1))) != nil { expire() }
    }

    // MARK: Seats

    private func flow(_ info: RequestInfo, _ path: String, _ user: UserInfo, _ state: borrowing State) -> FlowClassifier.Flow? {
        if limits.isFair { return state.classifier.flow(of: info, path: path, user: user) }
        let isRead = ["get", "list", "watch", "head", "options"].contains(info.verb)
        let level = user.groups.contains(UserInfo.mastersGroup) ? "exempt" : isRead ? "readOnly" : "mutating"
        return FlowClassifier.Flow(schema: level, level: level, distinguisher: "")
    }

    private func hasSeats(_ seats: Int, _ position: Int, _ state: borrowing State) -> Bool {
        let settings = state.levels[position].settings
        let executing = state.levels[position].executing
        if settings.isExempt || executing + seats <= settings.nominal { return true }
        // The widest gets its turn when it is alone.
        if executing == 0, settings.nominal > 0 { return true }
        if let most = settings.borrowingMax, executing + seats > most { return false }
        var free = 0
        for (index, level) in state.levels.enumerated() { free += (index == position ? 0 : level.spare) - level.borrowed }
        return free >= seats - max(0, settings.nominal - executing)
    }

    private func seat(at position: Int, _ work: RequestWork, queue: Int?, schema: String, _ state: inout State) -> Seat {
        state.levels[position].executing += work.seats
        state.levels[position].dispatched[schema, default: 0] += 1
        // Only of those who waited it is measured how long they are served.
        return Seat(level: position, work: work, queue: queue, since: queue == nil ? 0 : now(), control: self)
    }

    private func dispatch(_ state: inout State) -> [(PriorityLevel.Waiter, Seat)] {
        settle(&state)
        var proceeding: [(PriorityLevel.Waiter, Seat)] = []
        for position in state.levels.indices where state.levels[position].waiting > 0 {
            while let seats = state.levels[position].seatsWanted, hasSeats(seats, position, state), let next = state.levels[position].dequeue() {
                proceeding.append((next.waiter, seat(at: position, next.waiter.work, queue: next.queue, schema: next.waiter.schema, &state)))
            }
        }
        return proceeding
    }

    /// Those who waited go on in tasks: the thread that gave a seat back has its own things to do.
    private func proceed(_ proceeding: [(PriorityLevel.Waiter, Seat)]) {
        for (waiter, seat) in proceeding { Task { waiter.proceed(seat) } }
    }

    // MARK: Metrics

    /// In the text format of Prometheus.
    var text: String {
        let levels = state.withLock { state in
            settle(&state)
            return state.levels
        }.sorted { $0.name < $1.name }
        var text = ""
        func metric(_ name: String, _ type: String, _ help: String, _ lines: [String]) {
            text += "# HELP apiserver_flowcontrol_\(name) \(help)\n# TYPE apiserver_flowcontrol_\(name) \(type)\n"
            for line in lines { text += "apiserver_flowcontrol_\(name)\(line)\n" }
        }
        func perLevel(_ value: (PriorityLevel) -> Int) -> [String] { levels.map { #"{priority_level="\#($0.name)"} \#(value($0))"# } }
        metric("current_executing_seats", "gauge", "Seats taken by requests that are being served.", perLevel(\.executing))
        metric("current_inqueue_requests", "gauge", "Requests that wait for a seat.", perLevel(\.waiting))
        metric("nominal_limit_seats", "gauge", "The level's own seats.", perLevel(\.settings.nominal))
        metric(
            "dispatched_requests_total", "counter", "Requests that have been given a seat.",
            levels.flatMap { level in
                level.dispatched.sorted { $0.key < $1.key }.map { #"{flow_schema="\#($0)",priority_level="\#(level.name)"} \#($1)"# }
            })
        metric(
            "rejected_requests_total", "counter", "Requests that have been refused, by the reason.",
            levels.flatMap { level in
                level.rejected.map { #"{flow_schema="\#($0.schema)",priority_level="\#(level.name)",reason="\#($0.reason)"} \#($1)"# }.sorted()
            })
        return text
    }
}
