import Glibc

/// A system call that failed: what was attempted on what, and the kernel's answer.
package struct SystemError: Error, CustomStringConvertible {
    package var attempt: String
    package var errno: Int32

    package init(_ attempt: String, errno: Int32) {
        self.attempt = attempt
        self.errno = errno
    }

    package var description: String { "cannot \(attempt): \(String(cString: strerror(errno)))" }
}
