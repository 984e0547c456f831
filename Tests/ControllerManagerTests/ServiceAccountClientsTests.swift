import JSON
import KubernetesClient
import Synchronization
import Testing

@testable import ControllerManager

@Suite struct ServiceAccountClientsTests {
    /// An API server that makes tokens `t1`, `t2`, ... and believes the newest.
    private final class Server: Transport {
        struct State {
            var accounts: Set<String> = []
            var tokens = 0
            var log: [String] = []
            var revoked = false
        }

        let state: Mutex<State>

        init(accounts: Set<String>) { state = Mutex(State(accounts: accounts)) }

        var log: [String] { state.withLock { $0.log } }

        func send(_ request: HTTPRequestData) async throws -> HTTPResponseData {
            let who = request.headers.first { $0.0 == "Authorization" }?.1 ?? "manager"
            let parts = request.path.split(separator: "/")
            return state.withLock { state in
                state.log.append("\(who): \(request.method) \(parts.last ?? "")")
                if parts.last == "token" {
                    let name = String(parts[parts.count - 2])
                    guard state.accounts.contains(name) else { return Self.failure(404, "NotFound") }
                    state.tokens += 1
                    state.revoked = false
                    return HTTPResponseData(status: 201, body: Array(#"{"status":{"token":"t\#(state.tokens)"}}"#.utf8))
                }
                if request.method == "POST", parts.last == "serviceaccounts" {
                    let name = (try? JSONValue(parsing: request.body))?["metadata"]?["name"]?.stringValue ?? ""
                    return state.accounts.insert(name).inserted
                        ? HTTPResponseData(status: 201, body: Array("{}".utf8)) : Self.failure(409, "AlreadyExists")
                }
                if who != "Bearer t\(state.tokens)" || state.revoked { return Self.failure(401, "Unauthorized") }
                return HTTPResponseData(status: 200, body: Array("{}".utf8))
            }
        }

        private static func failure(_ code: Int, _ reason: String) -> HTTPResponseData {
            HTTPResponseData(status: code, body: Array(#"{"kind":"Status","code":\#(code),"reason":"\#(reason)"}"#.utf8))
        }

        func stream(_ request: HTTPRequestData) async throws -> (
            status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
        ) {
            throw CancellationError()
        }
    }

    private func clients(_ server: Server, _ time: TimeSource) -> ServiceAccountClients {
        ServiceAccountClients(manager: Client(transport: server, userAgent: "manager", time: time), bare: server, time: time)
    }

    @Test func anAccountThatIsMissingIsMade() async throws {
        let server = Server(accounts: [])
        _ = try await clients(server, ManualClock().timeSource).client(of: "job-controller").get(path: "/api")
        #expect(server.log == ["manager: POST token", "manager: POST serviceaccounts", "manager: POST token", "Bearer t1: GET api"])
    }

    @Test func tokensAreRenewedBeforeTheyEnd() async throws {
        let server = Server(accounts: ["a", "b"])
        let clock = ManualClock()
        let clients = clients(server, clock.timeSource)
        let client = clients.client(of: "a")
        _ = try await client.get(path: "/api")
        clock.advance(by: .seconds(2879))
        _ = try await client.get(path: "/api")
        #expect(server.log.filter { $0.hasSuffix("token") }.count == 1)
        clock.advance(by: .seconds(1))
        _ = try await client.get(path: "/api")
        #expect(server.log.suffix(2) == ["manager: POST token", "Bearer t2: GET api"])
        // Each account has a token of its own.
        _ = try await clients.client(of: "b").get(path: "/api")
        #expect(server.log.suffix(2) == ["manager: POST token", "Bearer t3: GET api"])
    }

    @Test func aTokenThatCountsNoLongerIsForgotten() async throws {
        let server = Server(accounts: ["a"])
        let client = clients(server, ManualClock().timeSource).client(of: "a")
        _ = try await client.get(path: "/api")
        server.state.withLock { $0.revoked = true }
        await #expect(throws: APIStatusError.self) { try await client.get(path: "/api") }
        _ = try await client.get(path: "/api")
        #expect(server.log.last == "Bearer t2: GET api")
    }
}
