import Glibc

/// A system call that failed: what was attempted on what, and the kernel's answer.
package struct SystemError: Error, CustomStringConvertible {
    package var attempt: String
    package var errno: Int32

    /// - Parameters:
    ///   - attempt: what was to be done, to complete "cannot ...".
    ///   - subject: what it was to be done to, when that is a variable alone.
    ///   - errno: the kernel's answer; without it that of the last call, so make this the next thing after it.
    package init(_ attempt: String, _ subject: String = "", errno: Int32 = Glibc.errno) {
        self.attempt = subject.isEmpty ? attempt : "\(attempt) \(subject)"
        self.errno = errno
    }

    package var description: String { "cannot \(attempt): \(String(cString: strerror(errno)))" }
}
