import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCSupport
package import Logging
import NIOCore
import ServiceLifecycle

/// The connection to a CRI runtime over its unix socket: a ``RuntimeService``, an ``ImageService`` and the source of containerd's events.
///
/// Calls wait for the first connection attempt and then fail at once with `isUnavailable` while the runtime is away; the connection comes
/// back by itself. ``run()`` must be running for any call to be answered.
package final class RuntimeClient: Service {
    typealias Transport = HTTP2ClientTransport.Posix

    /// Times after which a call is given up, as upstream's kubelet has them.
    package struct Timeouts: Sendable {
        package var standard: Duration = .seconds(120)
        /// Making a sandbox includes its network.
        package var sandbox: Duration = .seconds(240)
        package var pull: Duration = .seconds(900)
        package init() {}
    }

    /// Answers of more bytes than this are refused, as upstream does.
    static let answerBytesMax = 16 << 20

    package let socketPath: String
    let timeouts: Timeouts
    let logger: Logger
    let client: GRPCClient<Transport>

    /// - Parameter endpoint: `unix:///path` or a path; the path must be shorter than 108 bytes.
    package init(endpoint: String, timeouts: Timeouts = .init(), logger: Logger) throws {
        let path = endpoint.hasPrefix("unix://") ? String(endpoint.dropFirst("unix://".count)) : endpoint
        try SocketPath.check(path)
        self.socketPath = path
        self.timeouts = timeouts
        self.logger = logger
        let transport = try Transport(
            target: .unixDomainSocket(path: path, authority: "localhost"),
            transportSecurity: .plaintext,
            config: .defaults { config in
                config.backoff = .init(initial: .milliseconds(50), max: .seconds(2), multiplier: 1.6, jitter: 0.2)
                config.connection.maxIdleTime = nil
                config.channelDebuggingCallbacks.onCreateTCPConnection = { PingAnswerer.install(on: $0) }
            })
        self.client = GRPCClient(transport: transport)
    }

    /// Keeps the connection until the service is asked to stop; calls still under way then fail.
    package func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                try await self.client.runConnections()
            } catch is CancellationError {
                // The ordinary end.
            }
        }
    }

    /// Keeps the connection for as long as `body` runs: for use without a service group.
    package func whileConnected<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await self.run()
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw CancellationError()
        }
    }

    /// Runs one call and puts its name and subject to what goes wrong.
    func call<Answer: Sendable>(
        _ rpc: String, of subject: String = "", timeout: Duration?, _ body: (CallOptions) async throws -> Answer
    ) async throws -> Answer {
        var options = CallOptions.defaults
        options.timeout = timeout
        options.waitForReady = false
        options.maxResponseMessageBytes = Self.answerBytesMax
        do {
            return try await body(options)
        } catch let error as RPCError {
            if error.code == .cancelled && Task.isCancelled { throw CancellationError() }
            throw ContainerRuntimeError(rpc: rpc, subject: subject, code: error.code, message: error.message)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw ContainerRuntimeError(rpc: rpc, subject: subject, code: .unknown, message: "\(error)")
        }
    }
}
