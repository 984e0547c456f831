import AuthenticationV1
import CoreV1
import KubernetesAPI
import KubernetesClient
import Synchronization

/// Requests service account tokens for pods and keeps each until four fifths of its life are over.
final class TokenManager: TokenSource {
    private struct Key: Hashable {
        var uid: String
        var audience: String
        var seconds: Int64
    }

    private struct Entry {
        var token: String
        var refreshAt: Timestamp
        var expiresAt: Timestamp
    }

    private let client: Client
    private let time: TimeSource
    private let cache = Mutex<[Key: Entry]>([:])
    /// A token older than this is renewed however long it would live.
    private static let ageMax: Duration = .seconds(24 * 3600)

    init(client: Client, time: TimeSource) {
        self.client = client
        self.time = time
    }

    func token(_ pod: Pod, audience: String, expirationSeconds: Int64) async throws -> String {
        let key = Key(uid: pod.uid, audience: audience, seconds: expirationSeconds)
        let now = time.now
        let cached = cache.withLock { cache in
            cache = cache.filter { $0.value.expiresAt > now }
            return cache[key]
        }
        if let cached, now < cached.refreshAt { return cached.token }
        do {
            let fresh = try await request(pod, audience, expirationSeconds)
            cache.withLock { $0[key] = fresh }
            return fresh.token
        } catch let error where !(error is CancellationError) {
            // An old token that still works is better than none.
            if let cached, now < cached.expiresAt { return cached.token }
            throw KubeletError("failed to fetch token: \(error)")
        }
    }

    private func request(_ pod: Pod, _ audience: String, _ seconds: Int64) async throws -> Entry {
        let account = pod.spec.serviceAccountName ?? "default"
        let body = TokenRequest {
            $0.metadata.name = account
            $0.metadata.namespace = pod.namespace
            $0.spec.audiences = audience.isEmpty ? [] : [audience]
            $0.spec.expirationSeconds = seconds
            $0.spec.boundObjectRef = BoundObjectReference {
                $0.apiVersion = "v1"
                $0.kind = "Pod"
                $0.name = pod.name
                $0.uid = pod.uid
            }
        }
        let path = ServiceAccount.resource.path(namespace: pod.namespace, name: account, subresource: "token")
        let answer = try await client.post(path: path, body, answer: TokenRequest.self)
        let now = time.now
        let expiry = answer.status.expirationTimestamp.map { Timestamp($0) } ?? now + .seconds(seconds)
        let life = expiry.since(now)
        let refresh = min(now + life * 4 / 5, now + TokenManager.ageMax)
        guard let token = answer.status.token, !token.isEmpty else { throw KubeletError("the API server answered without a token") }
        return Entry(token: token, refreshAt: refresh, expiresAt: expiry)
    }
}
