import Glibc

/// What commands say to the person who called them.
enum Terminal {
    static func say(_ text: String) {
        write(text + "\n", to: STDOUT_FILENO)
    }

    /// Says on the error output what happened and what to do next.
    static func complain(_ text: String) {
        write("apus: \(text)\n", to: STDERR_FILENO)
    }

    /// Complains and ends the process with exit code 1.
    static func fail(_ text: String) -> Never {
        complain(text)
        exit(1)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written <= 0 { return }
            rest = rest.dropFirst(written)
        }
    }

    /// Says how a step of a longer work went.
    static func step(_ name: String, isDone: Bool = true, seconds: Double, _ detail: String) {
        let padding = String(repeating: " ", count: max(1, 14 - name.count))
        say("  \(isDone ? "ok  " : "FAIL") \(name)\(padding)\(self.seconds(seconds))  \(detail)")
    }

    /// `0.42 s`, for people.
    static func seconds(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s"
    }
}

/// A failure in words for a person: what was tried, what happened, what to do next.
struct CommandError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
