import JSON
import Synchronization

/// Which requests are served now, which wait for others, and which are refused: API Priority and Fairness.
///
/// A request takes a seat of its priority level for as long as it is being answered. While there is one, deciding costs a look at the flow schemas and
/// nothing is made; only requests that wait are kept. Who waits is let in by turns between the queues of the level.
package final class FlowControl: Sendable {
    /// The right to be served, given back exactly once.
    struct Seat: Sendable {
        fileprivate let level: Int
        /// The queue that the request waited in; nil: it did not wait.
        fileprivate let queue: Int?
        fileprivate let since: Int64
        private let control: FlowControl

        fileprivate init(level: Int, queue: Int?, since: Int64, control: FlowControl) {
            self.level = level
            self.queue = queue
            self.since = since
            self.control = control
        }

        func giveBack() { control.giveBack(self) }
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
    }

    private let limits: Limits
    /// Nanoseconds since some moment.
    private let now: @Sendable () -> Int64
    private let state: Mutex<State>

    package init(_ limits: Limits = Limits(), now: @escaping @Sendable () -> Int64 = FlowControl.uptime) {
        self.limits = limits
        self.now = now
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
        return state.withLock { state in
            guard let flow = flow(info, path, user, state), let position = state.positions[flow.level] else { return .free }
            guard state.levels[position].waiting == 0, hasSeat(position, state) else { return .full(flow) }
            return .seated(seat(at: position, queue: nil, schema: flow.schema, &state))
        }
    }

    /// Waits for a seat in the level's queues: calls `proceed` when there is one, or `refuse` when the queue is full or it takes too long. Either may be
    /// called before this returns.
    func wait(
        _ flow: FlowClassifier.Flow, proceed: @escaping @Sendable (Seat) -> Void, refuse: @escaping @Sendable () -> Void
    ) {
        let proceeding = state.withLock { state -> [(PriorityLevel.Waiter, Seat)]? in
            guard let position = state.positions[flow.level] else { return nil }
            let waiter = PriorityLevel.Waiter(schema: flow.schema, since: now(), proceed: proceed, refuse: refuse)
            guard state.levels[position].enqueue(waiter, hash: ShuffleSharding.hash(flow.schema, flow.distinguisher)) else { return nil }
            // A seat may have been given back since it was asked for.
            return dispatch(&state)
        }
        guard let proceeding else { return refuse() }
        self.proceed(proceeding)
    }

    private func giveBack(_ seat: Seat) {
        let proceeding = state.withLock { state -> [(PriorityLevel.Waiter, Seat)] in
            state.levels[seat.level].executing -= 1
            if let queue = seat.queue {
                state.levels[seat.level].served(queue: queue, seconds: Double(now() &- seat.since) / 1_000_000_000)
            }
            return dispatch(&state)
        }
        proceed(proceeding)
    }

    /// Refuses those who have waited too long. Called about once a second.
    func expire() {
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

    private func hasSeat(_ position: Int, _ state: borrowing State) -> Bool {
        let settings = state.levels[position].settings
        let executing = state.levels[position].executing
        if settings.isExempt || executing < settings.nominal { return true }
        if let most = settings.borrowingMax, executing >= most { return false }
        return state.levels.reduce(0) { $0 + $1.spare - $1.borrowed } > 0
    }

    private func seat(at position: Int, queue: Int?, schema: String, _ state: inout State) -> Seat {
        state.levels[position].executing += 1
        state.levels[position].dispatched[schema, default: 0] += 1
        // Only of those who waited it is measured how long they are served.
        return Seat(level: position, queue: queue, since: queue == nil ? 0 : now(), control: self)
    }

    private func dispatch(_ state: inout State) -> [(PriorityLevel.Waiter, Seat)] {
        var proceeding: [(PriorityLevel.Waiter, Seat)] = []
        for position in state.levels.indices where state.levels[position].waiting > 0 {
            while state.levels[position].waiting > 0, hasSeat(position, state), let next = state.levels[position].dequeue() {
                proceeding.append((next.waiter, seat(at: position, queue: next.queue, schema: next.waiter.schema, &state)))
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
        let levels = state.withLock { $0.levels }.sorted { $0.name < $1.name }
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
