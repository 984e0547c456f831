import APIServer
import JSON
import KubernetesAPI
import KubernetesClient

/// The way from a component to the API server, on which things go wrong.
struct FaultyTransport: Transport {
    let world: World
    /// Who asks, and in which of its lives; nil: somebody whom nothing happens to.
    let process: (Process, life: Int)?
    let user: UserInfo

    func send(_ request: HTTPRequestData) async throws -> HTTPResponseData {
        let isWrite = request.method != "GET"
        try await travel()
        if let (process, life) = process, isWrite {
            switch process.writes(life) {
            case .goes: break
            case .isDead: throw CancellationError()
            case .diesBefore:
                process.die()
                throw CancellationError()
            case .diesAfter:
                _ = try? await transport().send(request)
                process.die()
                throw CancellationError()
            }
        }
        if process != nil, world.areFaultsOn, isWrite {
            switch world.dice.number(1...200) {
            case 1: throw TransportError(kind: .closed, server: "simulation", cause: "the question was lost")
            case 2:
                _ = try? await transport().send(request)
                throw TransportError(kind: .closed, server: "simulation", cause: "the answer was lost")
            case 3...4 where request.method == "PUT" || request.method == "PATCH": return Self.conflict(request)
            default: break
            }
        }
        let server = world.currentServer
        let response = try await transport().send(request)
        try await travel()
        guard world.currentServer === server else {
            throw TransportError(kind: .closed, server: "simulation", cause: "the server crashed")
        }
        return response
    }

    func stream(_ request: HTTPRequestData) async throws -> (
        status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
    ) {
        try await travel()
        let server = world.currentServer
        let answer = try await transport().stream(request)
        let (body, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        let copy = Task { [self] in
            do {
                for try await chunk in answer.body {
                    // News is late at times, and at times the connection breaks before it has come.
                    if process != nil, world.areFaultsOn {
                        if world.dice.once(in: 20) { try await world.time.sleep(world.dice.seconds(0.1...5)) }
                        if world.dice.once(in: 400) {
                            throw TransportError(kind: .closed, server: "simulation", cause: "the connection broke")
                        }
                    }
                    guard isAlive else { throw CancellationError() }
                    guard world.currentServer === server else {
                        throw TransportError(kind: .closed, server: "simulation", cause: "the server crashed")
                    }
                    continuation.yield(chunk)
                }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        continuation.onTermination = { _ in copy.cancel() }
        return (answer.status, answer.headers, body)
    }

    private var isAlive: Bool { process.map { $0.0.lives($0.life) } ?? true }

    private func transport() throws -> InProcessTransport {
        guard let server = world.currentServer else {
            throw TransportError(kind: .refused, server: "simulation", cause: "nobody listens")
        }
        return server.transport(as: user)
    }

    /// Each way takes a moment; the dead do not arrive.
    private func travel() async throws {
        guard isAlive else { throw CancellationError() }
        guard process != nil else { return }
        let pause = world.areFaultsOn && world.dice.once(in: 50) ? world.dice.seconds(0.1...3) : world.dice.seconds(0.000_1...0.005)
        try await world.time.sleep(pause)
        guard isAlive else { throw CancellationError() }
    }

    private static func conflict(_ request: HTTPRequestData) -> HTTPResponseData {
        let body: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "code": 409,
            "message": "the object has been modified; please apply your changes to the latest version and try again",
        ]
        return HTTPResponseData(status: 409, headers: [("Content-Type", "application/json")], body: body.serialized())
    }
}
