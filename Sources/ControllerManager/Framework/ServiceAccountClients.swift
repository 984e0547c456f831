import JSON
package import KubernetesClient
import Synchronization

/// The clients of the controllers' service accounts over a connection, for `--use-service-account-credentials`: each asks for tokens of its
/// account, makes the account when it is missing, and renews the token before it ends.
package struct ServiceAccountClients: Sendable {
    private let manager: Client
    private let bare: any Transport
    private let time: TimeSource

    /// - Parameters:
    ///   - manager: the controller manager's own client; may make service accounts in `kube-system` and tokens of them.
    ///   - bare: a way to the same server without credentials.
    package init(manager: Client, bare: any Transport, time: TimeSource = .system) {
        self.manager = manager
        self.bare = bare
        self.time = time
    }

    package func client(of account: String) -> Client {
        let source = AccountTokenSource(manager: manager, account: account, time: time)
        return Client(
            transport: AccountTransport(base: bare, source: source),
            userAgent: "\(manager.userAgent)/system:serviceaccount:\(ControllerAccounts.namespace):\(account)", time: time)
    }
}

/// Adds the token of a service account to every request.
struct AccountTransport: Transport {
    let base: any Transport
    let source: AccountTokenSource

    func send(_ request: HTTPRequestData) async throws -> HTTPResponseData {
        let response = try await base.send(try await authorized(request))
        // The token may count no longer, as when the account was made anew; the next request asks for another one.
        if response.status == 401 { await source.forget() }
        return response
    }

    func stream(_ request: HTTPRequestData) async throws -> (
        status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
    ) {
        let answer = try await base.stream(try await authorized(request))
        if answer.status == 401 { await source.forget() }
        return answer
    }

    private func authorized(_ request: HTTPRequestData) async throws -> HTTPRequestData {
        var request = request
        request.headers.append(("Authorization", "Bearer \(try await source.token())"))
        return request
    }
}

/// Holds the token of one service account. Who comes while one is being asked for waits for that one.
actor AccountTokenSource {
    private static let secondsWanted: Int64 = 3600

    private let manager: Client
    private let account: String
    private let time: TimeSource
    private var current: (token: String, renewAt: Duration)?
    private var asking: Task<String, any Error>?

    init(manager: Client, account: String, time: TimeSource) {
        self.manager = manager
        self.account = account
        self.time = time
    }

    func token() async throws -> String {
        if let current, time.uptime() < current.renewAt { return current.token }
        if let asking { return try await asking.value }
        let task = Task { try await ask() }
        asking = task
        defer { asking = nil }
        let token = try await task.value
        // Renewed when a fifth of its life is left.
        current = (token, time.uptime() + .seconds(Self.secondsWanted * 4 / 5))
        return token
    }

    func forget() { current = nil }

    private func ask() async throws -> String {
        do {
            return try await request()
        } catch let error as APIStatusError where error.isNotFound {
            do {
                _ = try await manager.post(
                    path: "/api/v1/namespaces/\(ControllerAccounts.namespace)/serviceaccounts",
                    [
                        "apiVersion": "v1", "kind": "ServiceAccount",
                        "metadata": ["name": .string(account), "namespace": .string(ControllerAccounts.namespace)],
                    ])
            } catch let error as APIStatusError where error.isAlreadyExists {}
            return try await request()
        }
    }

    private func request() async throws -> String {
        let answer = try await manager.post(
            path: "/api/v1/namespaces/\(ControllerAccounts.namespace)/serviceaccounts/\(account)/token",
            [
                "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                "spec": ["audiences": [], "expirationSeconds": .integer(Self.secondsWanted)],
            ])
        guard let token = answer["status"]?["token"]?.stringValue, !token.isEmpty else { throw NoTokenError(account: account) }
        return token
    }
}

/// The server's answer to a request for a token has none.
struct NoTokenError: Error, CustomStringConvertible {
    var account: String
    var description: String { "the server gave no token for the service account \(ControllerAccounts.namespace)/\(account)" }
}
