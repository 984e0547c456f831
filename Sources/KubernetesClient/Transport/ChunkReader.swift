import AsyncHTTPClient
import NIOCore

/// Pulls a response body chunk by chunk and gives up on one that has fallen silent.
///
/// `@unchecked Sendable` because the iterator is not Sendable; a body has one reader, which never asks for two chunks at once, and the
/// child task that holds the iterator is always awaited before `next` returns.
final class ChunkReader: @unchecked Sendable {
    private var iterator: HTTPClientResponse.Body.AsyncIterator
    private let idleTimeout: Duration?
    private let time: TimeSource

    init(_ body: HTTPClientResponse.Body, idleTimeout: Duration?, time: TimeSource) {
        iterator = body.makeAsyncIterator()
        self.idleTimeout = idleTimeout
        self.time = time
    }

    /// The next chunk, nil at the end. Throws `HTTPClientError.readTimeout` after `idleTimeout` of silence.
    func next() async throws -> [UInt8]? {
        guard let idleTimeout else { return try await read() }
        return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask { [self] in try await read() }
            group.addTask { [time] in
                try await time.sleep(idleTimeout)
                throw HTTPClientError.readTimeout
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    private func read() async throws -> [UInt8]? {
        guard var chunk = try await iterator.next() else { return nil }
        return chunk.readBytes(length: chunk.readableBytes) ?? []
    }
}
