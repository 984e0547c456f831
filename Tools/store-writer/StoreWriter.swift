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

    func run() async throws {
        var configuration = SQLiteStore.Configuration()
        // Small, so that all of the store's work is under way when the process is killed.
        configuration.checkpointPages = 50
        configuration.compactionStepRows = 16
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
            try await group.waitForAll()
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
