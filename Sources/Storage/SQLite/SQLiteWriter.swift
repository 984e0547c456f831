import Dispatch
import Foundation
import GRDB
import Logging
import Synchronization

/// The thread that writes, and the queue in front of it.
final class SQLiteWriter: Sendable {
    struct Pending: Sendable {
        var transaction: Transaction
        var completion: @Sendable (Result<CommitResult, StoreError>) -> Void
    }

    enum Request: Sendable {
        case watch(Watcher)
        case compact(to: Int64, completion: @Sendable (Result<Void, StoreError>) -> Void)
        /// Keys may have expired.
        case expire
    }

    /// What has been asked and not been begun.
    fileprivate struct Inbox {
        var pending: [Pending] = []
        var requests: [Request] = []
        /// The thread waits to be woken.
        var isAsleep = false
        var isClosed = false
    }

    let path: String
    let pool: DatabasePool
    let configuration: SQLiteStore.Configuration
    let clock: any StoreClock
    let logger: Logger
    private let file: Mutex<SQLiteFile?>
    private let inbox = Mutex(Inbox())
    private let bell = DispatchSemaphore(value: 0)
    private let stopped = DispatchGroup()
    private let published: Atomic<Int64>
    private let compacted: Atomic<Int64>

    init(
        file: consuming sending SQLiteFile, configuration: SQLiteStore.Configuration, clock: any StoreClock, logger: Logger
    ) throws(StoreError) {
        path = file.path
        pool = file.pool
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        do {
            let (revision, oldest) = try file.pool.writeWithoutTransaction { database in
                (try SQLiteSchema.revision(database), try SQLiteSchema.compactedRevision(database))
            }
            published = Atomic(revision)
            compacted = Atomic(oldest)
        } catch {
            throw StoreError(error, file: file.path)
        }
        self.file = Mutex(file)
    }

    var publishedRevision: Int64 { published.load(ordering: .acquiring) }
    var compactedRevision: Int64 { compacted.load(ordering: .acquiring) }
    var isOpen: Bool { inbox.withLock { !$0.isClosed } }

    func publish(_ revision: Int64) { published.store(revision, ordering: .releasing) }
    func publish(compacted revision: Int64) { compacted.store(revision, ordering: .releasing) }

    func submit(_ pending: Pending) {
        let state = inbox.withLock { inbox in
            if inbox.isClosed { return (isClosed: true, mustRing: false) }
            inbox.pending.append(pending)
            return (false, inbox.wake())
        }
        if state.isClosed { pending.completion(.failure(.closed)) }
        if state.mustRing { bell.signal() }
    }

    func submit(_ request: Request) {
        let state = inbox.withLock { inbox in
            if inbox.isClosed { return (isClosed: true, mustRing: false) }
            inbox.requests.append(request)
            return (false, inbox.wake())
        }
        if state.isClosed { Self.refuse(request) }
        if state.mustRing { bell.signal() }
    }

    /// Takes nothing more; the thread ends when it has done what was asked before.
    func stop() {
        let mustRing = inbox.withLock { inbox in
            inbox.isClosed = true
            return inbox.wake()
        }
        if mustRing { bell.signal() }
    }

    func waitUntilStopped() {
        stopped.wait()
    }

    func start() {
        stopped.enter()
        let thread = Thread { [self] in
            run()
            stopped.leave()
        }
        thread.name = "store-writer"
        thread.start()
    }

    private func run() {
        var session = SQLiteWriterSession(writer: self)
        session.begin()
        while let work = take(mayWait: !session.hasMoreToDo) {
            session.work(on: work)
        }
        session.end()
        do {
            try pool.close()
        } catch {
            logger.error("failed to close the store", metadata: ["file": "\(path)", "error": "\(error)"])
        }
        file.withLock { $0 = nil }
    }

    struct Work {
        var pending: ArraySlice<Pending>
        var requests: [Request]
    }

    /// What is to be done next; nil when the store was closed and everything is done.
    private func take(mayWait: Bool) -> Work? {
        while true {
            enum Next {
                case work(Work)
                case wait
                case stop
            }
            let next: Next = inbox.withLock { inbox in
                if inbox.pending.isEmpty, inbox.requests.isEmpty {
                    if inbox.isClosed { return .stop }
                    if mayWait {
                        inbox.isAsleep = true
                        return .wait
                    }
                }
                return .work(Work(pending: inbox.takeBatch(configuration), requests: inbox.takeRequests()))
            }
            switch next {
            case .work(let work): return work
            case .wait: bell.wait()
            case .stop: return nil
            }
        }
    }

    static func refuse(_ request: Request) {
        switch request {
        case .watch(let watcher): watcher.end(.closed)
        case .compact(_, let completion): completion(.failure(.closed))
        case .expire: break
        }
    }
}

extension SQLiteWriter.Inbox {
    /// - Returns: whether the thread has to be woken.
    fileprivate mutating func wake() -> Bool {
        defer { isAsleep = false }
        return isAsleep
    }

    /// As many transactions, from the oldest, as may be committed together.
    fileprivate mutating func takeBatch(_ configuration: SQLiteStore.Configuration) -> ArraySlice<SQLiteWriter.Pending> {
        var count = 0
        var bytes = 0
        while count < pending.count, count < configuration.batchTransactionsMax, bytes < configuration.batchBytesMax {
            bytes += pending[count].transaction.valueBytes
            count += 1
        }
        let batch = pending[..<count]
        if count == pending.count { pending = [] } else { pending.removeFirst(count) }
        return batch
    }

    fileprivate mutating func takeRequests() -> [SQLiteWriter.Request] {
        defer { requests = [] }
        return requests
    }
}

extension Transaction {
    var valueBytes: Int {
        operations.reduce(0) { sum, operation in
            if case .put(_, let value, _) = operation { sum + value.count } else { sum }
        }
    }
}
