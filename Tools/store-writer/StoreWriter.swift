import ArgumentParser
import Logging
import Storage
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes to a store until it is killed, and says what was acknowledged: what the crash test kills and then holds the store to.
///
/// Each line is written with one call, so that a killed process leaves whole lines:
/// ```
/// open REVISION             the store's revision when it was opened
/// put KEY SERIAL REVISION   the key's value is the serial number
/// delete KEY SERIAL REVISION
/// ```
@main
struct StoreWriter: AsyncParsableCommand {
    @Argument(help: "The store's file.")
    var path: String

    @Argument(help: "Serial numbers begin here.")
    var firstSerial: Int64

    @Option(help: "How many tasks write at once.")
    var tasks = 8

    @Option(help: "How many keys each task writes to.")
    var keys: Int64 = 20

    @Option(help: "The place at which the process kills itself.", transform: { StorePoint(rawValue: $0) })
    var killAt: StorePoint?

    @Option(help: "How often it comes there before.")
    var passing = 0

    func run() async throws {
        var configuration = SQLiteStore.Configuration()
        // Small, so that all of the store's work is under way when the process is killed.
        configuration.checkpointPages = 50
        configuration.compactionStepRows = 16
        let passes = Atomic<Int>(passing)
        let reached: @Sendable (StorePoint) -> Void = { [killAt] point in
            if point == killAt, passes.subtract(1, ordering: .relaxed).newValue < 0 { kill(getpid(), SIGKILL) }
        }
        configuration.reached = reached
        let store = try SQLiteStore(path: path, configuration: configuration, logger: Logger(label: "store-writer"))
        say("open \(store.currentRevision)")
        let serial = Serial(firstSerial)
        try await withThrowingTaskGroup { group in
            for task in 0..<tasks {
                group.addTask { try await keepWriting(to: store, task: task, serial: serial) }
            }
            group.addTask {
                while true { try await store.compact(to: max(store.currentRevision - 100, 0)) }
            }
            if killAt == .watchBegins || killAt == .watchFollows {
                group.addTask { try await keepWatching(store) }
            }
            if killAt == .snapshot {
                group.addTask {
                    for number in 0... {
                        _ = try SQLiteBackup.write(path, to: "\(path).\(firstSerial)-\(number).backup", reached: reached)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Begins watches from wherever the history begins, one after the other.
    private func keepWatching(_ store: SQLiteStore) async throws {
        while true {
            let (ended, end) = AsyncStream.makeStream(of: Void.self)
            do {
                let watch = try store.watch(.all, from: store.compactedRevision) { batch in
                    if case .events = batch { return }
                    end.finish()
                }
                for await _ in ended {}
                watch.cancel()
            } catch StoreError.compacted {
                continue
            }
        }
    }

    private func keepWriting(to store: SQLiteStore, task: Int, serial: Serial) async throws {
        while true {
            let number = serial.next()
            let key = "/crash/\(task)/\(number % keys)"
            let isDeletion = number % 7 == 0
            let operation: Transaction.Operation =
                isDeletion
                ? .delete(key: key)
                : .put(key: key, value: Array("\(number)".utf8) + [UInt8](repeating: 0x20, count: Int(number % 3000)))
            guard case .committed(let revision) = try await store.commit(Transaction(operations: [operation])) else { continue }
            say("\(isDeletion ? "delete" : "put") \(key) \(number) \(revision)")
        }
    }

    private func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }

    private final class Serial: Sendable {
        private let last: Atomic<Int64>

        init(_ first: Int64) {
            last = Atomic(first - 1)
        }

        func next() -> Int64 {
            last.add(1, ordering: .relaxed).newValue
        }
    }
}
