import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Testing

@Suite struct ClientTests {
    let pod = #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"default","resourceVersion":"7"}}"#

    @Test func everyVerbAsksTheRightPath() async throws {
        let transport = FakeTransport { [pod] _ in json(pod) }
        let client = Client(transport: transport, userAgent: "test/1")
        var object = try await client.get(Pod.self, "a", namespace: "default")
        _ = try await client.create(object)
        _ = try await client.update(object, subresource: "status")
        _ = try await client.patch(Pod.self, "a", namespace: "default", .strategic(["x": 1]))
        _ = try await client.patch(Pod.self, "a", namespace: "default", .merge(["x": 1]), subresource: "status")
        _ = try await client.patch(Pod.self, "a", namespace: "default", .json([]))
        try await client.delete(Pod.self, "a", namespace: "default")
        object.metadata.namespace = nil
        #expect(object.metadata.resourceVersion == "7")
        let seen = transport.requests
        let path = "/api/v1/namespaces/default/pods"
        #expect(seen.map(\.method) == ["GET", "POST", "PUT", "PATCH", "PATCH", "PATCH", "DELETE"])
        #expect(seen.map(\.path) == ["\(path)/a", path, "\(path)/a/status", "\(path)/a", "\(path)/a/status", "\(path)/a", "\(path)/a"])
        let types = seen.map { $0.headers.first { $0.0 == "Content-Type" }?.1 }
        #expect(
            types[3...5] == ["application/strategic-merge-patch+json", "application/merge-patch+json", "application/json-patch+json"])
        #expect(seen.allSatisfy { $0.headers.contains { $0 == ("User-Agent", "test/1") } })
    }

    @Test func listOptionsBecomeAnEncodedQuery() async throws {
        let transport = FakeTransport { _ in json(#"{"metadata":{"resourceVersion":"9","continue":"t"},"items":[{"metadata":{"name":"x"}}]}"#) }
        let client = Client(transport: transport, userAgent: "")
        let list = try await client.list(
            Pod.self, ListOptions(labelSelector: "a in (b,c)", fieldSelector: "spec.nodeName=n", limit: 5, continue: "x/y", resourceVersion: "0"))
        #expect(list.items.map(\.metadata.name) == ["x"])
        #expect(list.metadata.continue == "t")
        #expect(
            transport.requests[0].path
                == "/api/v1/pods?labelSelector=a%20in%20%28b%2Cc%29&fieldSelector=spec.nodeName%3Dn&limit=5&continue=x%2Fy&resourceVersion=0")
    }

    @Test(arguments: [
        (
            404, #"{"kind":"Status","status":"Failure","reason":"NotFound","message":"pods \"a\" not found","code":404}"#, "pods \"a\" not found",
            "NotFound"
        ),
        (409, #"{"kind":"Status","status":"Failure","reason":"AlreadyExists","message":"it exists","code":409}"#, "it exists", "AlreadyExists"),
        (502, "<html>bad gateway</html>", "the server answered GET /api/v1/namespaces/d/pods/a with status 502: <html>bad gateway</html>", ""),
        (403, "", "the server answered GET /api/v1/namespaces/d/pods/a with status 403", "Forbidden"),
    ])
    func refusalsBecomeStatusErrors(status: Int, body: String, message: String, reason: String) async throws {
        let client = Client(transport: FakeTransport { _ in json(body, status: status) }, userAgent: "")
        let error = await #expect(throws: APIStatusError.self) { try await client.get(Pod.self, "a", namespace: "d") }
        #expect(error?.description == message)
        #expect(error?.reason == reason)
        #expect(error?.code == status)
        #expect(error?.isNotFound == (status == 404))
        #expect(error?.isAlreadyExists == (status == 409))
    }

    @Test func aBusyServerIsAskedAgainAfterThePauseItWants() async throws {
        let clock = ManualClock()
        let answers = Recorded<Int>()
        let transport = FakeTransport { [pod] _ in
            answers.append(1)
            return answers.values.count < 3 ? json("{}", status: 429, headers: [("retry-after", "2")]) : json(pod)
        }
        let client = Client(transport: transport, userAgent: "", time: clock.timeSource)
        async let object = client.get(Pod.self, "a", namespace: "default")
        for _ in 0..<2 {
            await clock.waitForSleepers()
            clock.advance(by: .seconds(2))
        }
        #expect(try await object.metadata.name == "a")
        #expect(answers.values.count == 3)
    }

    @Test func refusalsWithoutRetryAfterAreNotRepeated() async {
        let transport = FakeTransport { _ in json("{}", status: 503) }
        let client = Client(transport: transport, userAgent: "")
        await #expect(throws: APIStatusError.self) { try await client.get(Pod.self, "a") }
        #expect(transport.requests.count == 1)
    }

    @Test func anUnreadableAnswerSaysSo() async {
        let client = Client(transport: FakeTransport { _ in json("[1") }, userAgent: "")
        let error = await #expect(throws: UnreadableAnswerError.self) { try await client.get(Pod.self, "a") }
        #expect(error?.description.hasPrefix("the server's answer is not a readable Pod") == true)
    }
}
