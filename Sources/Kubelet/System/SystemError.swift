import Glibc

/// A failed system call: what was attempted, on what, and the kernel's answer.
struct SystemError: Error, CustomStringConvertible {
    var operation: String
    var path: String
    var code: Int32

    /// Captures `errno`; call it directly after the failed call.
    init(_ operation: String, _ path: String, code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    var isNotFound: Bool { code == ENOENT }

    var description: String {
        "failed to \(operation) \(path): \(SystemError.text(of: code))"
    }

    static func text(of code: Int32) -> String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text).lowercased()
    }
}
