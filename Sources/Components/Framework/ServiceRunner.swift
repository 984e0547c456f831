package import Logging
package import ServiceLifecycle
import UnixSignals

/// Runs the services of a process.
package enum ServiceRunner {
    /// Returns after SIGTERM or SIGINT, when all have stopped in reverse order.
    ///
    /// - Throws: what a service failed with; the others are stopped then.
    package static func run(_ services: [any ServiceLifecycle.Service], logger: Logger) async throws {
        let group = ServiceGroup(
            configuration: .init(services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch is CancellationError {
            // A service that was told to stop while it was still starting.
        }
    }
}
