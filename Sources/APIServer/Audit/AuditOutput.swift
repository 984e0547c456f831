import Dispatch

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Writes audit events to the standard output, one on a line (`--audit-log-path=-`).
package final class AuditOutput: AuditSink {
    private let descriptor: Int32
    /// Writes are done here, in order, so that no request waits for whoever reads.
    private let queue = DispatchQueue(label: "audit-output")

    package init(descriptor: Int32 = STDOUT_FILENO) {
        self.descriptor = descriptor
    }

    package func record(_ event: [UInt8]) {
        queue.async { [descriptor] in
            var rest = (event + [UInt8(ascii: "\n")])[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                if written < 0, errno == EINTR { continue }
                // Nobody reads any more.
                guard written > 0 else { return }
                rest = rest.dropFirst(written)
            }
        }
    }

    package func flush() async {
        await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
    }
}
