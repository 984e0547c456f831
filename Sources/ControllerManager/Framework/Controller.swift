package import KubernetesClient
package import Logging

/// What every controller is given.
package struct ControllerContext: Sendable {
    package var client: Client
    /// Shared by all controllers of the process: one copy of each collection.
    package var informers: InformerFactory
    package var time: TimeSource
    package var logger: Logger
    /// The client of a controller's own service account; nil where all controllers share one identity.
    package var clientOfAccount: (@Sendable (_ serviceAccount: String) -> Client)?

    package init(
        client: Client, informers: InformerFactory, time: TimeSource = .system, logger: Logger,
        clientOfAccount: (@Sendable (_ serviceAccount: String) -> Client)? = nil
    ) {
        self.client = client
        self.informers = informers
        self.time = time
        self.logger = logger
        self.clientOfAccount = clientOfAccount
    }

    /// The same context, speaking as `name` in logs and under the identity of that controller to the API.
    func named(_ name: String) -> ControllerContext {
        var context = self
        context.logger[metadataKey: "controller"] = "\(name)"
        if let account = ControllerAccounts.account(of: name), let clientOfAccount { context.client = clientOfAccount(account) }
        return context
    }

    /// Events of the controller called `component`.
    func recorder(_ component: String) -> EventRecorder {
        EventRecorder(client: client, component: component, clock: time, logger: logger)
    }

    var now: Int64 { time.wallMicroseconds() / 1_000_000 }
}

/// A control loop: watches some collections and moves what is towards what should be.
///
/// A controller asks for its informers and adds its handlers when it is made, so that nothing is missed once they run.
package protocol Controller: Sendable {
    /// Upstream's name, as `--controllers` takes it.
    static var name: String { get }

    /// Works until the task is cancelled or the service group shuts down. The informers have synced before.
    func run() async throws
}
