import Glibc
import Linux

/// What a machine's process 1 and the one who starts it say to each other, a line each: «go» when the cable is plugged in, «up» when the services
/// have been started, or why it failed. One that hears nothing more from who started it, ends.
enum BootDialogue {
    enum Answer: Equatable, Sendable {
        case up
        case failed(String)

        init(_ line: String) {
            self = line == "up" ? .up : .failed(line.hasPrefix("failed ") ? String(line.dropFirst(7)) : line)
        }

        var line: String {
            switch self {
            case .up: "up\n"
            case .failed(let reason): "failed \(reason.split(separator: "\n").joined(separator: "; "))\n"
            }
        }
    }

    static let goAhead = "go\n"

    // MARK: - In the machine

    static func mayGoOn() -> Bool {
        let bytes = try? Files.readAll(STDIN_FILENO, "the start", limit: goAhead.utf8.count)
        return bytes.map { String(decoding: $0, as: UTF8.self) } == goAhead
    }

    static func tell(_ answer: Answer) {
        _ = Files.writeAll(STDOUT_FILENO, Array(answer.line.utf8))
    }

    /// Lets go of who started the machine.
    static func end() {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { return }
        dup2(null, STDIN_FILENO)
        dup2(null, STDOUT_FILENO)
        close(null)
    }

    static func console(_ text: String) {
        _ = Files.writeAll(STDERR_FILENO, Array((text + "\n").utf8))
    }

    // MARK: - Outside

    /// The reason of a process that has ended without giving one.
    static let withoutReason = "it ended without a word"

    /// Waits for the process's answer, on a thread that may block.
    static func answer(_ descriptor: Int32) -> Answer {
        let bytes = (try? Files.readAll(descriptor, "the answer")) ?? []
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init)
        return line.map(Answer.init) ?? .failed(withoutReason)
    }
}
