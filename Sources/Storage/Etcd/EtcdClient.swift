import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCSupport
import Logging
import Synchronization

/// The connections to etcd's members, one each, of which one is in use at a time. A member that fails a request is left for the next one.
///
/// `run` must be running for any request to be answered.
final class EtcdClient: Sendable {
    typealias Connection = GRPCClient<HTTP2ClientTransport.Posix>

    /// With this, a member that is cut off from the others refuses at once.
    static let metadata: Metadata = ["hasleader": "true"]

    private struct State {
        var connections: [Connection]
        var current = 0
        var isClosed = false
    }

    let endpoints: String
    private let configuration: EtcdConfiguration
    private let logger: Logger
    private let state: Mutex<State>
    private let made: AsyncStream<Connection>
    private let hand: AsyncStream<Connection>.Continuation

    init(_ configuration: EtcdConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        endpoints = "etcd at " + configuration.endpoints.map(\.description).joined(separator: ",")
        (made, hand) = AsyncStream.makeStream(of: Connection.self)
        let connections = try configuration.endpoints.map { try Self.connection(to: $0, configuration.credentials) }
        state = Mutex(State(connections: connections))
        for connection in connections { hand.yield(connection) }
    }

    /// Keeps the connections until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await connection in made {
                group.addTask {
                    // Ends only when it is told to.
                    try? await connection.runConnections()
                }
            }
        }
    }

    /// Fails every request from now on.
    func close() {
        let connections = state.withLock { state in
            state.isClosed = true
            return state.connections
        }
        hand.finish()
        for connection in connections { connection.beginGracefulShutdown() }
    }

    /// Shows another certificate from now on. What is under way on the old connections is brought to its end.
    func replace(_ credentials: EtcdCredentials) throws {
        let new = try configuration.endpoints.map { try Self.connection(to: $0, credentials) }
        let old: [Connection] = state.withLock { state in
            guard !state.isClosed else { return [] }
            defer { state.connections = new }
            return state.connections
        }
        for connection in new { hand.yield(connection) }
        for connection in old { connection.beginGracefulShutdown() }
    }

    /// The member in use.
    ///
    /// - Throws: `.closed`.
    func current() throws(StoreError) -> (connection: Connection, index: Int) {
        let found = state.withLock { state in state.isClosed ? nil : (state.connections[state.current], state.current) }
        guard let found else { throw .closed }
        return found
    }

    /// Leaves a member that has failed, unless that has been done already.
    func leave(_ index: Int, because failure: EtcdFailure) {
        let count = configuration.endpoints.count
        let left = state.withLock { state in
            guard state.current == index, count > 1 else { return false }
            state.current = (index + 1) % count
            return true
        }
        if left {
            logger.notice(
                "an etcd member does not answer, going on with the next",
                metadata: [
                    "member": "\(configuration.endpoints[index])", "next": "\(configuration.endpoints[(index + 1) % count])",
                    "error": "\(failure.code): \(failure.message)",
                ])
        }
    }

    /// Asks one member once.
    ///
    /// - Throws: `EtcdFailure`, or `StoreError.closed`.
    func attempt<Answer: Sendable>(timeout: Duration? = nil, _ ask: (Connection, CallOptions) async throws -> Answer) async throws -> Answer {
        let (connection, index) = try current()
        var options = CallOptions.defaults
        options.timeout = timeout ?? configuration.attempt
        options.waitForReady = false
        options.maxResponseMessageBytes = Self.answerBytesMax
        do {
            return try await ask(connection, options)
        } catch {
            _ = try current()
            let failure = EtcdFailure(error)
            if failure.mayPass { leave(index, because: failure) }
            throw failure
        }
    }

    /// Asks until a member answers or patience ends. Only for what may be asked twice.
    func ask<Answer: Sendable>(_ ask: (Connection, CallOptions) async throws -> Answer) async throws -> Answer {
        var tries = Tries(configuration)
        while true {
            do {
                return try await attempt(ask)
            } catch let failure as EtcdFailure {
                guard failure.mayPass, await tries.another() else { throw failure }
            }
        }
    }

    func tries() -> Tries { Tries(configuration) }

    /// How often and how long to try.
    struct Tries {
        private let end: ContinuousClock.Instant
        private let round: Int
        private var count = 0
        private var pause: Duration = .milliseconds(50)

        init(_ configuration: EtcdConfiguration) {
            end = .now + configuration.patience
            round = configuration.endpoints.count
        }

        /// Waits a while after each round through the members.
        /// - Returns: false when it has been tried for long enough.
        mutating func another() async -> Bool {
            guard ContinuousClock.now < end, !Task.isCancelled else { return false }
            count += 1
            guard count % round == 0 else { return true }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
            return true
        }
    }

    /// etcd's own limit to what it sends.
    static let answerBytesMax = Int(Int32.max)

    private static func connection(to endpoint: EtcdEndpoint, _ credentials: EtcdCredentials?) throws -> Connection {
        let transport = try HTTP2ClientTransport.Posix(
            target: endpoint.target, transportSecurity: endpoint.isEncrypted ? security(credentials) : .plaintext,
            config: .defaults { config in
                config.backoff = .init(initial: .milliseconds(50), max: .seconds(2), multiplier: 1.6, jitter: 0.2)
                config.connection.maxIdleTime = nil
                // So that a connection whose other end has vanished is noticed.
                config.connection.keepalive = .init(time: .seconds(10), timeout: .seconds(5), allowWithoutCalls: false)
                config.channelDebuggingCallbacks.onCreateTCPConnection = { PingAnswerer.install(on: $0) }
            })
        return Connection(transport: transport)
    }

    private static func security(_ credentials: EtcdCredentials?) -> HTTP2ClientTransport.Posix.TransportSecurity {
        .tls { tls in
            if let authorities = credentials?.authorities { tls.trustRoots = .certificates([.bytes(authorities, format: .pem)]) }
            if let certificate = credentials?.certificate, let key = credentials?.key {
                tls.certificateChain = [.bytes(certificate, format: .pem)]
                tls.privateKey = .bytes(key, format: .pem)
            }
        }
    }
}
