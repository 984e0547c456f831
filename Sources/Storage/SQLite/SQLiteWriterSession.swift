import GRDB
import Logging

/// What the writer's thread knows and does; lives on that thread alone.
///
/// Its day: a batch of transactions, then one small step of each thing that can wait (deleting what has expired, telling new watches of the past,
/// trimming history), then the next batch.
struct SQLiteWriterSession {
    let writer: SQLiteWriter
    /// The newest revision in the database.
    var revision: Int64
    /// Tells the watches that are not followers any more.
    private let teller: SQLiteTeller
    /// Watches still being told of the past, and how far they have come.
    private var followers: [(watcher: Watcher, position: Int64)] = []
    private var lastFailure: StoreError?
    private var expiryIsDue = true
    private var expiryScheduled: Int64?
    private var compactions: [(revision: Int64, completion: @Sendable (Result<Void, StoreError>) -> Void)] = []
    private var trimming = true

    init(writer: SQLiteWriter) {
        self.writer = writer
        revision = writer.publishedRevision
        let reached = writer.configuration.reached
        teller = SQLiteTeller { [weak writer] in
            writer?.publish($0)
            reached?(.beforeAnswer)
        }
    }

    /// Whether there is something to do even if nobody asks for anything.
    var hasMoreToDo: Bool {
        !followers.isEmpty || !compactions.isEmpty || trimming || expiryIsDue
    }

    mutating func begin() {
        teller.start()
        let sync = try? smallestWrite()
        writer.logger.debug(
            "store opened", metadata: ["file": "\(writer.path)", "revision": "\(revision)", "sync": "\(sync.map { "\($0)" } ?? "failed")"])
        if let sync, sync > writer.configuration.syncExpected {
            writer.logger.warning(
                "the disk is slow: every request that changes something waits as long for it; put the data folder on a faster one",
                metadata: ["file": "\(writer.path)", "sync": "\(sync)", "expected": "\(writer.configuration.syncExpected)"])
        }
    }

    /// How long it takes until a write that changes nothing is on the disk.
    private func smallestWrite() throws -> Duration {
        let start = ContinuousClock.now
        try writer.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = \(SQLiteSchema.version)") }
        return start.duration(to: .now)
    }

    mutating func work(on work: SQLiteWriter.Work) {
        for request in work.requests {
            switch request {
            case .watch(let watcher): followers.append((watcher, watcher.start))
            case .compact(let revision, let completion): compactions.append((revision, completion))
            case .expire:
                expiryScheduled = nil
                expiryIsDue = true
            }
        }
        if !work.pending.isEmpty { commit(work.pending) }
        if expiryIsDue { expire() }
        tellFollowers()
        compact()
    }

    /// The store is closed: nobody gets an answer after this.
    mutating func end() {
        for follower in followers { follower.watcher.end(.closed) }
        teller.stop()
        for compaction in compactions { compaction.completion(.failure(.closed)) }
    }

    private func reached(_ point: StorePoint) { writer.configuration.reached?(point) }

    // MARK: Transactions

    private mutating func commit(_ batch: ArraySlice<SQLiteWriter.Pending>) {
        let now = writer.clock.nowMilliseconds
        var outcomes: [CommitResult] = []
        outcomes.reserveCapacity(batch.count)
        let made: SQLiteChanges?
        do throws(StoreError) {
            made = try inTransaction { changes in
                for pending in batch { outcomes.append(try changes.apply(pending.transaction, now: now)) }
            }
        } catch {
            teller.tell(.answers(batch.map { SQLiteTeller.Answer(completion: $0.completion, result: .failure(error)) }))
            return
        }
        tell(made, answers: zip(batch, outcomes).map { SQLiteTeller.Answer(completion: $0.completion, result: .success($1)) })
    }

    /// Has the watches told, and then those answered who wrote.
    /// - Parameter made: nil: nothing was changed.
    private func tell(_ made: SQLiteChanges?, answers: [SQLiteTeller.Answer]) {
        if let made {
            teller.tell(.written(made.events, revision: made.revision, answers: answers))
        } else if !answers.isEmpty {
            teller.tell(.answers(answers))
        }
    }

    /// Makes changes in one transaction of SQLite, which is on the disk when this returns. On failure nothing has happened.
    /// - Returns: the changes; nil when there are none.
    private mutating func inTransaction(_ body: (inout SQLiteChanges) throws -> Void) throws(StoreError) -> SQLiteChanges? {
        var made: SQLiteChanges?
        do {
            try writer.pool.writeWithoutTransaction { database in
                try database.inTransaction(.immediate) {
                    var changes = try SQLiteChanges(database, after: revision)
                    try body(&changes)
                    made = changes
                    reached(.beforeCommit)
                    return .commit
                }
            }
        } catch {
            let failure = StoreError(error, file: writer.path)
            note(failure)
            throw failure
        }
        guard let made, made.revision > revision else { return nil }
        reached(.afterCommit)
        note(nil)
        revision = made.revision
        if let expiry = made.nextExpiry { schedule(expiry) }
        return made
    }

    /// Logs the first of a row of equal failures, and their end: on a full disk every write fails, and the log may be on that disk too.
    private mutating func note(_ failure: StoreError?) {
        guard failure != lastFailure else { return }
        lastFailure = failure
        if let failure {
            writer.logger.error("failed to write to the store", metadata: ["file": "\(writer.path)", "error": "\(failure)"])
        } else {
            writer.logger.notice("writing to the store succeeds again", metadata: ["file": "\(writer.path)"])
        }
    }

    // MARK: Time to live

    private mutating func expire() {
        let now = writer.clock.nowMilliseconds
        var isMore = false
        var next: Int64?
        do throws(StoreError) {
            let made = try inTransaction { changes in
                let keys = try changes.expiredKeys(now: now, limit: StoreLimits.operationsPerTransactionMax)
                isMore = keys.count == StoreLimits.operationsPerTransactionMax
                if !keys.isEmpty { _ = try changes.apply(Transaction(operations: keys.map { .delete(key: $0) }), now: now) }
                next = try changes.firstExpiry()
            }
            tell(made, answers: [])
            expiryIsDue = isMore
            if let next { schedule(next) }
        } catch {
            expiryIsDue = false
            schedule(now + Self.retryMilliseconds)
        }
    }

    /// How long to leave it at that when deleting expired keys failed.
    private static let retryMilliseconds: Int64 = 1000

    private mutating func schedule(_ time: Int64) {
        if let expiryScheduled, expiryScheduled <= time { return }
        expiryScheduled = time
        writer.clock.call(at: time) { [weak writer] in writer?.submit(.expire) }
    }

    // MARK: Watches that begin in the past

    /// How many revisions of the past a watch is told of in one step.
    private static let followStep: Int64 = 1000

    private mutating func tellFollowers() {
        guard !followers.isEmpty else { return }
        var remaining: [(watcher: Watcher, position: Int64)] = []
        for (watcher, position) in followers where !watcher.isOver {
            if position >= revision {
                caughtUp(watcher)
                continue
            }
            guard position >= writer.compactedRevision else {
                watcher.end(.compacted(requested: position, compacted: writer.compactedRevision))
                continue
            }
            let end = min(position + Self.followStep, revision)
            do {
                let events = try writer.pool.writeWithoutTransaction { database in
                    try SQLiteHistory.events(of: watcher.range, after: position, through: end, in: database)
                }
                watcher.tell(events, through: end)
                reached(.watchFollows)
                if end == revision { caughtUp(watcher) } else { remaining.append((watcher, end)) }
            } catch {
                watcher.end(StoreError(error, file: writer.path))
            }
        }
        followers = remaining
    }

    /// From here on the watch is told of every batch, before the batch is answered.
    private func caughtUp(_ watcher: Watcher) {
        teller.tell(.watch(watcher, revision: revision))
    }

    // MARK: Compaction

    private mutating func compact() {
        if let target = compactions.first?.revision, let answer = beginCompaction(to: target) {
            compactions.removeFirst().completion(answer)
        }
        guard trimming else { return }
        do {
            trimming = try writer.pool.writeWithoutTransaction { database in
                try SQLiteHistory.trim(rows: writer.configuration.compactionStepRows, in: database) { reached(.trimming) }
            }
            if !trimming { finishCompactions(.success(())) }
        } catch {
            trimming = false
            finishCompactions(.failure(StoreError(error, file: writer.path)))
        }
    }

    /// - Returns: the answer, when there is nothing to wait for.
    private mutating func beginCompaction(to target: Int64) -> Result<Void, StoreError>? {
        guard target <= revision else { return .failure(.futureRevision(requested: target, current: revision)) }
        guard target > writer.compactedRevision else { return trimming ? nil : .success(()) }
        do {
            try writer.pool.writeWithoutTransaction { database in
                try database.execute(sql: "UPDATE progress SET compacted = ?", arguments: [target])
            }
        } catch {
            return .failure(StoreError(error, file: writer.path))
        }
        reached(.compactionBegun)
        writer.publish(compacted: target)
        trimming = true
        return nil
    }

    private mutating func finishCompactions(_ result: Result<Void, StoreError>) {
        while let compaction = compactions.first, compaction.revision <= writer.compactedRevision {
            compactions.removeFirst()
            compaction.completion(result)
        }
    }
}
