import KubernetesClient

/// Hands on what is streamed when it is let through.
struct HoldingTransport: Transport {
    let transport: any Transport
    let hold: @Sendable (_ path: String, _ chunk: [UInt8]) async -> Void

    func send(_ request: HTTPRequestData) async throws -> HTTPResponseData { try await transport.send(request) }

    func stream(_ request: HTTPRequestData) async throws -> (
        status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
    ) {
        let answer = try await transport.stream(request)
        let (body, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        let copy = Task { [hold] in
            do {
                for try await chunk in answer.body {
                    await hold(request.path, chunk)
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
}
