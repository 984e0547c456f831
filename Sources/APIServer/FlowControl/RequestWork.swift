/// How much a request takes of its priority level.
struct RequestWork: Sendable, Equatable {
    /// Seats while it is being served.
    var seats = 1
    /// How long they stay taken after the answer, in nanoseconds: those who watch are told of a change when it has been made.
    var linger: Int64 = 0

    /// What lists and changes of a resource set in motion.
    struct Load: Sendable {
        var objects = 0
        /// Of one object, about.
        var bytes = 0
        /// Who would be told of a change.
        var watchers = 0
    }

    private static let bytesPerSeat = 100_000
    /// What a list holds in memory at once, at most: it goes out in pieces.
    private static let listBytesMax = 1_000_000
    private static let listSeatsMax = 100
    private static let watchersPerSeat = 10
    private static let changeSeatsMax = 10
    /// How long one seat is kept for ten watchers.
    private static let nanosecondsPerEvent: Int64 = 5_000_000

    /// - Parameters:
    ///   - seatsMax: of one request in the priority level; nil: what is usual.
    ///   - load: asked only where it counts.
    init(_ info: RequestInfo, seatsMax: Int?, load: (RequestInfo) -> Load?) {
        guard info.isResourceRequest else { return }
        switch info.verb {
        case "list", "watch":
            guard info.verb == "list" || info.beginsWithList, let load = load(info) else { return }
            let objects = !info.name.isEmpty ? 1 : info.listLimit > 0 ? min(info.listLimit, load.objects) : load.objects
            let (bytes, isHuge) = objects.multipliedReportingOverflow(by: load.bytes)
            let atOnce = isHuge ? Self.listBytesMax : min(bytes, Self.listBytesMax)
            seats = Self.bounded((atOnce + Self.bytesPerSeat - 1) / Self.bytesPerSeat, seatsMax, Self.listSeatsMax)
        case "create", "update", "patch", "delete":
            // Nobody watches tokens.
            if info.resource == "serviceaccounts", info.subresource == "token" { return }
            guard let watchers = load(info)?.watchers, watchers >= Self.watchersPerSeat else { return }
            let wanted = (watchers + Self.watchersPerSeat - 1) / Self.watchersPerSeat
            seats = Self.bounded(wanted, seatsMax, Self.changeSeatsMax)
            // Whoever gets fewer seats keeps them longer.
            linger = Int64(clamping: wanted) &* Self.nanosecondsPerEvent / Int64(seats)
        default: return
        }
    }

    init(_ seats: Int = 1, keeping linger: Int64 = 0) {
        self.seats = seats
        self.linger = linger
    }

    private static func bounded(_ seats: Int, _ most: Int?, _ usual: Int) -> Int {
        let limit = most.map { $0 == 0 ? usual : min($0, usual) } ?? usual
        return max(1, min(seats, limit))
    }
}

extension WatchCache {
    /// What a request for this resource sets in motion.
    func load(of info: RequestInfo) -> RequestWork.Load {
        let objects = size
        return RequestWork.Load(
            objects: objects.count, bytes: objects.count > 0 ? objects.bytes / objects.count : 0,
            watchers: watchers(namespace: info.namespace, name: info.name))
    }
}
