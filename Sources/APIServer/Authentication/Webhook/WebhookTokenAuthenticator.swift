import Crypto
import JSON
package import KubernetesClient
import Synchronization

/// Asks a server whose a token is (`--authentication-token-webhook-...`), and remembers the answers for a while.
package final class WebhookTokenAuthenticator: TokenAuthenticator {
    private struct Key: Hashable {
        /// Of the token; the token itself is not kept.
        var hash: [UInt8]
        var audiences: [String]
    }

    private static let entriesMax = 4096
    private static let attemptsMax = 5

    private let transport: any Transport
    private let path: String
    private let apiVersion: String
    private let cacheSeconds: Int64
    private let time: TimeSource
    private let now: @Sendable () -> Int64
    private let known = Mutex<[Key: (verdict: TokenVerdict, until: Int64)]>([:])

    /// - Parameters:
    ///   - path: with which the transport's server takes reviews.
    ///   - version: of the review that it is sent: v1 or v1beta1.
    ///   - cacheSeconds: how long an answer counts (`--authentication-token-webhook-cache-ttl`).
    package init(
        transport: any Transport, path: String, version: String = "v1", cacheSeconds: Int64 = 120, time: TimeSource = .system,
        now: @escaping @Sendable () -> Int64 = systemSeconds
    ) {
        self.transport = transport
        self.path = path
        apiVersion = "authentication.k8s.io/\(version)"
        self.cacheSeconds = cacheSeconds
        self.time = time
        self.now = now
    }

    package func authenticate(token: String, audiences: [String], now: Int64) -> TokenVerdict {
        let key = Key(hash: Array(SHA256.hash(data: Array(token.utf8))), audiences: audiences)
        if let found = known.withLock({ $0[key] }), now < found.until { return found.verdict }
        return .later { [self] in
            do {
                let verdict = try await ask(token, audiences)
                remember(key, verdict)
                return verdict
            } catch {
                // What nobody could say is not remembered.
                return .rejected(reason: "the token webhook cannot be asked: \(error)")
            }
        }
    }

    private func remember(_ key: Key, _ verdict: TokenVerdict) {
        let until = now() + cacheSeconds
        known.withLock { known in
            if known.count >= Self.entriesMax { known.removeAll(keepingCapacity: true) }
            known[key] = (verdict, until)
        }
    }

    private func ask(_ token: String, _ audiences: [String]) async throws -> TokenVerdict {
        let review: JSONValue = [
            "apiVersion": .string(apiVersion), "kind": "TokenReview", "metadata": ["creationTimestamp": .null],
            "spec": ["token": .string(token), "audiences": .array(audiences.map { .string($0) })],
        ]
        let answer = try await WebhookCall(transport: transport, path: path, attemptsMax: Self.attemptsMax, time: time).post(review)
        let status = answer["status"] ?? [:]
        guard status["authenticated"]?.boolValue == true else {
            let error = status.text("error")
            return error.isEmpty ? .unknown : .rejected(reason: "token webhook: \(error)")
        }
        guard let user = IdentityReviews.user(status["user"] ?? [:]) else { return .rejected(reason: "the token webhook names no user") }
        let answered = status.list("audiences").compactMap(\.stringValue)
        // A webhook that says nothing of audiences knows only those of the API server.
        let common = answered.isEmpty ? audiences : audiences.filter { answered.contains($0) }
        return common.isEmpty ? .rejected(reason: "the token is for another audience") : .user(user, audiences: common)
    }
}

/// One question to a server outside, asked again when it cannot answer.
struct WebhookCall: Sendable {
    let transport: any Transport
    let path: String
    let attemptsMax: Int
    let time: TimeSource

    func post(_ body: JSONValue) async throws -> JSONValue {
        var pause = Duration.milliseconds(500)
        var attempt = 1
        while true {
            do {
                let response = try await transport.send(
                    HTTPRequestData(
                        method: "POST", path: path, headers: [("Content-Type", "application/json"), ("Accept", "application/json")],
                        body: body.serialized()))
                if (200..<300).contains(response.status) { return try JSONValue(parsing: response.body) }
                let error = WebhookError(status: response.status)
                guard response.status == 429 || response.status >= 500, attempt < attemptsMax else { throw error }
            } catch let error as WebhookError {
                throw error
            } catch  where attempt < attemptsMax && !(error is CancellationError) {}
            try await time.sleep(pause)
            pause = pause * 3 / 2
            attempt += 1
        }
    }
}

/// A server outside gave an answer that is none.
struct WebhookError: Error, CustomStringConvertible {
    var status: Int
    var description: String { "the webhook answered with status \(status)" }
}
