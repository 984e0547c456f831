import Dispatch
import Foundation
import Synchronization

/// The thread that tells the watches what has been written, and answers those who wrote it.
///
/// While it does so for one batch, the writer's thread waits for the disk with the next. It is told of things in their order and passes them on in that
/// order: a watch hears of a batch before those who wrote the batch get their answers.
final class SQLiteTeller: Sendable {
    struct Answer: Sendable {
        var completion: @Sendable (Result<CommitResult, StoreError>) -> Void
        var result: Result<CommitResult, StoreError>
    }

    enum News: Sendable {
        /// A batch is on the disk, with everything up to `revision`.
        case written([StoreEvent], revision: Int64, answers: [Answer])
        /// Answers to a batch that changed nothing.
        case answers([Answer])
        /// A watch that has been told everything up to `revision` and hears of what follows.
        case watch(Watcher, revision: Int64)
    }

    private struct Inbox {
        var news: [News] = []
        var isAsleep = false
        var isClosed = false
    }

    private let publish: @Sendable (Int64) -> Void
    private let inbox = Mutex(Inbox())
    private let bell = DispatchSemaphore(value: 0)
    private let stopped = DispatchGroup()

    /// - Parameter publish: called with each revision that all watches have been told of, before those who wrote it are answered.
    init(publish: @escaping @Sendable (Int64) -> Void) {
        self.publish = publish
    }

    func start() {
        stopped.enter()
        let thread = Thread { [self] in
            run()
            stopped.leave()
        }
        thread.name = "store-teller"
        thread.start()
    }

    func tell(_ news: News) {
        let mustRing = inbox.withLock { inbox in
            inbox.news.append(news)
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        if mustRing { bell.signal() }
    }

    /// Passes on what it has been told so far, ends all watches, and returns when that is done.
    func stop() {
        let mustRing = inbox.withLock { inbox in
            inbox.isClosed = true
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        if mustRing { bell.signal() }
        stopped.wait()
    }

    private func run() {
        var watchers: [Watcher] = []
        while let news = take() {
            for item in news { pass(item, &watchers) }
        }
        for watcher in watchers { watcher.end(.closed) }
    }

    private func pass(_ news: News, _ watchers: inout [Watcher]) {
        switch news {
        case .written(let events, let revision, let answers):
            var isAnyOver = false
            for watcher in watchers {
                watcher.tell(events, through: revision)
                if watcher.isOver { isAnyOver = true }
            }
            if isAnyOver { watchers.removeAll(where: \.isOver) }
            publish(revision)
            for answer in answers { answer.completion(answer.result) }
        case .answers(let answers):
            for answer in answers { answer.completion(answer.result) }
        case .watch(let watcher, let revision):
            watchers.append(watcher)
            watcher.tellCaughtUp(at: revision)
        }
    }

    /// What there is to pass on, after waiting for it; nil when nothing will come any more.
    private func take() -> [News]? {
        while true {
            let (news, isClosed) = inbox.withLock { inbox in
                defer { inbox.news = [] }
                inbox.isAsleep = inbox.news.isEmpty && !inbox.isClosed
                return (inbox.news, inbox.isClosed)
            }
            if !news.isEmpty { return news }
            if isClosed { return nil }
            bell.wait()
        }
    }
}
