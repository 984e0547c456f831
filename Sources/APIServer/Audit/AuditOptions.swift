package import ServiceLifecycle

/// What an API server records of requests, and where (`--audit-...`).
package struct AuditOptions: Sendable {
    package var auditor: Auditor
    /// What has to run for the sinks to work, such as an `AuditWebhook`.
    package var services: [any Service]

    package init(auditor: Auditor, services: [any Service] = []) {
        self.auditor = auditor
        self.services = services
    }
}
