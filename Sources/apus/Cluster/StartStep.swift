import JSON
import KubernetesClient
import Linux
import Synchronization

/// The steps of a start, in the words that are shown.
enum StartStep: String, CaseIterable, Sendable {
    case checks
    case certificates
    case store
    case apiServer = "API server"
    case containerd
    case images
    case network
    case node
    case dns = "DNS"
}

/// One line of the progress file: a step that has begun, ended or failed.
struct ProgressRecord: Sendable, Equatable {
    enum State: String, Sendable {
        case begun
        case done
        case failed
    }

    var step: StartStep
    var state: State
    /// Since the step began.
    var seconds: Double
    /// What was done, or why it failed.
    var detail: String

    var json: JSONValue {
        let milliseconds = Int64((seconds * 1000).rounded())
        return [
            "step": .string(step.rawValue), "state": .string(state.rawValue), "milliseconds": .integer(milliseconds), "detail": .string(detail),
        ]
    }

    init(step: StartStep, state: State, seconds: Double, detail: String) {
        self.step = step
        self.state = state
        self.seconds = seconds
        self.detail = detail
    }

    init?(_ json: JSONValue) {
        guard let step = json["step"]?.stringValue.flatMap(StartStep.init), let state = json["state"]?.stringValue.flatMap(State.init),
            let milliseconds = json["milliseconds"]?.integerValue
        else { return nil }
        self.init(step: step, state: state, seconds: Double(milliseconds) / 1000, detail: json["detail"]?.stringValue ?? "")
    }
}

/// Writes down how far the start has come, a line a record, for whoever waits for it in another process.
final class StartProgress: Sendable {
    private let path: String
    private let lines = Mutex<[UInt8]>([])

    /// Begins a new record of a start.
    init(path: String) throws {
        self.path = path
        try Files.writeAtomically(path, [])
    }

    /// Does `work` as one step. `detail` says in a few words what came of it.
    @discardableResult
    func step<T: Sendable>(_ step: StartStep, detail: (T) -> String = { _ in "" }, _ work: () async throws -> T) async throws -> T {
        let began = ContinuousClock.now
        func elapsed() -> Double { began.duration(to: .now).secondsValue }
        append(ProgressRecord(step: step, state: .begun, seconds: 0, detail: ""))
        do {
            let result = try await work()
            append(ProgressRecord(step: step, state: .done, seconds: elapsed(), detail: detail(result)))
            return result
        } catch {
            append(ProgressRecord(step: step, state: .failed, seconds: elapsed(), detail: "\(error)"))
            throw error
        }
    }

    private func append(_ record: ProgressRecord) {
        lines.withLock { lines in
            lines += record.json.serialized() + [UInt8(ascii: "\n")]
            // Progress that can't be written must not end the start; who waits sees the node become ready all the same.
            try? Files.writeAtomically(path, lines)
        }
    }

    /// The records of the last start; empty when there was none.
    static func read(_ path: String) -> [ProgressRecord] {
        guard let bytes = try? Files.read(path) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            (try? JSONValue(parsing: Array(line))).flatMap(ProgressRecord.init)
        }
    }
}
