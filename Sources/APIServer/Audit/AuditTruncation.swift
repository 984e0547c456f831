import JSON
package import Logging

/// Leaves the objects out of events that are too large for where they go, and says so in an annotation. An event that is too large without them is
/// lost, and the log says so.
package struct AuditTruncation: AuditSink {
    private static let annotation = "audit.k8s.io/truncated"

    private let inner: any AuditSink
    private let bytesMax: Int
    private let logger: Logger

    /// - Parameter bytesMax: of one event.
    package init(_ inner: any AuditSink, bytesMax: Int, logger: Logger) {
        self.inner = inner
        self.bytesMax = bytesMax
        self.logger = logger
    }

    package func record(_ event: [UInt8]) {
        if event.count <= bytesMax { return inner.record(event) }
        do {
            var lean = try JSONValue(parsing: event)
            lean["requestObject"] = nil
            lean["responseObject"] = nil
            lean.editOrMake("annotations") { $0[Self.annotation] = "true" }
            let bytes = lean.serialized()
            if bytes.count <= bytesMax { return inner.record(bytes) }
            logger.error(
                "an audit event is lost: it is too large even without its objects",
                metadata: ["auditID": "\(lean.text("auditID"))", "stage": "\(lean.text("stage"))", "bytes": "\(bytes.count)"])
        } catch {
            logger.error("an audit event is lost: it cannot be cut short", metadata: ["error": "\(error)"])
        }
    }

    package func flush() async { await inner.flush() }
}
