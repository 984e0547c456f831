package import JSON
package import KubernetesAPI

/// A typed client of the Kubernetes API over any transport.
///
/// Calls throw `APIStatusError` when the server refuses and the transport's error when there is no answer. When the server is too
/// busy (429, or 503 with Retry-After) the call waits as told and asks again, up to ten times. Safe to use from many tasks at once.
package final class Client: Sendable {
    package let transport: any Transport
    package let userAgent: String
    let time: TimeSource
    /// How often a call is repeated when the server asks for a pause.
    static let retriesMax = 10
    /// The longest pause before a repetition, whatever the server says, in seconds.
    static let retryAfterSecondsMax: Int64 = 30

    package init(transport: any Transport, userAgent: String, time: TimeSource = .system) {
        self.transport = transport
        self.userAgent = userAgent
        self.time = time
    }

    package func get<T: KubernetesResource>(_ type: T.Type, _ name: String, namespace: String? = nil) async throws -> T {
        try await decoded(T.self, send("GET", T.resource.path(namespace: namespace, name: name, subresource: nil)))
    }

    package func list<T: KubernetesResource>(
        _ type: T.Type, namespace: String? = nil, _ options: ListOptions = .init()
    ) async throws -> List<T> {
        let path = T.resource.path(namespace: namespace, name: nil, subresource: nil)
        return try await decoded(List<T>.self, send("GET", options.path(path, watch: false)))
    }

    /// Creates the object in the namespace of its metadata and returns it as the server stored it.
    package func create<T: KubernetesResource>(_ object: T) async throws -> T {
        let path = T.resource.path(namespace: object.metadata.namespace, name: nil, subresource: nil)
        return try await decoded(T.self, send("POST", path, object.jsonBytes()))
    }

    /// Replaces the object; with a resourceVersion in its metadata only when the server still has that one (else a conflict).
    package func update<T: KubernetesResource>(_ object: T, subresource: String? = nil) async throws -> T {
        let path = T.resource.path(namespace: object.metadata.namespace, name: object.metadata.name ?? "", subresource: subresource)
        return try await decoded(T.self, send("PUT", path, object.jsonBytes()))
    }

    package func patch<T: KubernetesResource>(
        _ type: T.Type, _ name: String, namespace: String? = nil, _ patch: Patch, subresource: String? = nil
    ) async throws -> T {
        let path = T.resource.path(namespace: namespace, name: name, subresource: subresource)
        return try await decoded(T.self, send("PATCH", path, patch.body, contentType: patch.contentType))
    }

    package func delete<T: KubernetesResource>(
        _ type: T.Type, _ name: String, namespace: String? = nil, _ options: DeleteOptions = .init()
    ) async throws {
        let path = T.resource.path(namespace: namespace, name: name, subresource: nil)
        _ = try await send("DELETE", path, options.jsonBytes())
    }

    /// Deletes every object that the options select.
    package func deleteCollection<T: KubernetesResource>(
        _ type: T.Type, namespace: String? = nil, _ options: ListOptions = .init(), delete: DeleteOptions = .init()
    ) async throws {
        let path = T.resource.path(namespace: namespace, name: nil, subresource: nil)
        _ = try await send("DELETE", options.path(path, watch: false), delete.jsonBytes())
    }

    // MARK: Raw access

    /// Reads any path; for what has no type here.
    package func get(path: String) async throws -> JSONValue {
        try await tree(send("GET", path))
    }

    /// Posts to any path: bindings, tokens, evictions, reviews. An empty answer is `.null`.
    package func post(path: String, _ body: JSONValue) async throws -> JSONValue {
        try await tree(send("POST", path, body.serialized()))
    }

    /// Posts an object to a path and reads another one back: `pods/x/binding`, `serviceaccounts/x/token`.
    package func post<Body: JSONCodable, Answer: JSONCodable>(path: String, _ body: Body, answer: Answer.Type) async throws -> Answer {
        try await decoded(Answer.self, send("POST", path, body.jsonBytes()))
    }

    /// Any request with a JSON body; throws for statuses of 400 and more.
    package func send(
        _ method: String, _ path: String, _ body: [UInt8] = [], contentType: String = "application/json"
    ) async throws -> HTTPResponseData {
        var headers = [("Accept", "application/json"), ("User-Agent", userAgent)]
        if !body.isEmpty { headers.append(("Content-Type", contentType)) }
        let request = HTTPRequestData(method: method, path: path, headers: headers, body: body)
        var retries = 0
        while true {
            let response = try await transport.send(request)
            if response.status < 400 { return response }
            let error = APIStatusError(response: response, request: request)
            guard let pause = Self.pause(before: retries, after: error) else { throw error }
            retries += 1
            try await time.sleep(.seconds(pause))
        }
    }

    /// Seconds to wait before the request may be repeated; nil when it must not be.
    static func pause(before retry: Int, after error: APIStatusError) -> Int64? {
        guard retry < retriesMax, error.code == 429 || error.code >= 500, let seconds = error.retryAfterSeconds else { return nil }
        return max(0, min(seconds, retryAfterSecondsMax))
    }

    private func decoded<T: JSONCodable>(_ type: T.Type, _ response: HTTPResponseData) throws -> T {
        do {
            return try T(jsonBytes: response.body)
        } catch {
            throw UnreadableAnswerError(type: "\(T.self)", cause: "\(error)")
        }
    }

    private func tree(_ response: HTTPResponseData) throws -> JSONValue {
        if response.body.isEmpty { return .null }
        do {
            return try JSONValue(parsing: response.body)
        } catch {
            throw UnreadableAnswerError(type: "JSON", cause: "\(error)")
        }
    }
}

/// The server's answer is not what its type promises.
package struct UnreadableAnswerError: Error, CustomStringConvertible {
    package var type: String
    package var cause: String
    package var description: String { "the server's answer is not a readable \(type): \(cause)" }
}
