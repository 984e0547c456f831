import CoordinationV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import Testing

private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

private func configMap(_ name: String, _ data: [String: String] = [:], labels: [String: String] = [:]) -> ConfigMap {
    ConfigMap {
        $0.metadata.name = name
        $0.metadata.namespace = "default"
        $0.metadata.labels = labels
        $0.data = data
    }
}

/// What every transport to an API server must do, against the real server.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TransportContractTests {
    @Test(arguments: TransportKind.allCases)
    func objectsAreCreatedReadChangedAndDeleted(kind: TransportKind) async throws {
        try await ServerFixture.run(kind) { fixture in
            let client = fixture.client
            let created = try await client.create(configMap("a", ["k": "v"]))
            #expect(created.metadata.uid?.isEmpty == false)
            #expect(try await client.get(ConfigMap.self, "a", namespace: "default").data == ["k": "v"])
            var changed = created
            changed.data["k"] = "w"
            let updated = try await client.update(changed)
            #expect(updated.data == ["k": "w"])
            #expect(updated.metadata.resourceVersion != created.metadata.resourceVersion)

            // The version it was read at is gone: somebody else was faster.
            let conflict = await #expect(throws: APIStatusError.self) { try await client.update(changed) }
            #expect(conflict?.isConflict == true)
            #expect(conflict?.code == 409)

            #expect(try await client.patch(ConfigMap.self, "a", namespace: "default", .merge(["data": ["k": nil, "m": "1"]])).data == ["m": "1"])
            #expect(try await client.patch(ConfigMap.self, "a", namespace: "default", .strategic(["data": ["n": "2"]])).data == ["m": "1", "n": "2"])
            let json: JSONValue = [["op": "replace", "path": "/data/m", "value": "3"]]
            #expect(try await client.patch(ConfigMap.self, "a", namespace: "default", .json(json)).data == ["m": "3", "n": "2"])

            try await client.delete(ConfigMap.self, "a", namespace: "default")
            let gone = await #expect(throws: APIStatusError.self) { try await client.get(ConfigMap.self, "a", namespace: "default") }
            #expect(gone?.isNotFound == true)
            #expect(gone?.message == "configmaps \"a\" not found")
        }
    }

    @Test(arguments: TransportKind.allCases)
    func refusalsAreStatusErrors(kind: TransportKind) async throws {
        try await ServerFixture.run(kind) { fixture in
            _ = try await fixture.client.create(configMap("a"))
            let exists = await #expect(throws: APIStatusError.self) { try await fixture.client.create(configMap("a")) }
            #expect(exists?.isAlreadyExists == true)
            let invalid = await #expect(throws: APIStatusError.self) { try await fixture.client.create(configMap("Not A Name")) }
            #expect(invalid?.isInvalid == true)
            let nobody = try fixture.clientAs("mallory", [])
            let forbidden = await #expect(throws: APIStatusError.self) { try await nobody.get(ConfigMap.self, "a", namespace: "default") }
            #expect(forbidden?.isForbidden == true)
            #expect(forbidden?.message.contains("mallory") == true)
            let watch = await #expect(throws: APIStatusError.self) {
                for try await _ in nobody.watch(ConfigMap.self, namespace: "default", .init()) {}
            }
            #expect(watch?.isForbidden == true)
        }
    }

    @Test(arguments: TransportKind.allCases)
    func listsAreSelectedAndPaged(kind: TransportKind) async throws {
        try await ServerFixture.run(kind) { fixture in
            for number in 0..<7 {
                _ = try await fixture.client.create(configMap("m\(number)", labels: ["parity": number % 2 == 0 ? "even" : "odd"]))
            }
            let even = try await fixture.client.list(ConfigMap.self, namespace: "default", ListOptions(labelSelector: "parity=even"))
            #expect(even.items.count == 4)
            let one = try await fixture.client.list(ConfigMap.self, ListOptions(fieldSelector: "metadata.name=m3"))
            #expect(one.items.map(\.metadata.name) == ["m3"])
            var names: [String] = []
            var options = ListOptions(labelSelector: "parity", limit: 3)
            var pages = 0
            repeat {
                let page = try await fixture.client.list(ConfigMap.self, namespace: "default", options)
                names += page.items.compactMap(\.metadata.name)
                options.continue = page.metadata.continue
                pages += 1
            } while options.continue?.isEmpty == false && pages < 10
            #expect(names == (0..<7).map { "m\($0)" })
            #expect(pages == 3)
        }
    }

    @Test(arguments: TransportKind.allCases)
    func watchesTellEveryChangeInOrderAndEndWithTheirReader(kind: TransportKind) async throws {
        try await ServerFixture.run(kind) { fixture in
            let client = fixture.client
            let start = try await client.list(ConfigMap.self, namespace: "default").metadata.resourceVersion
            let seen = Recorded<String>()
            let reader = Task {
                for try await event in client.watch(ConfigMap.self, namespace: "default", ListOptions(resourceVersion: start)) {
                    let name = event.object.metadata.name ?? ""
                    switch event {
                    case .added: seen.append("+\(name)")
                    case .modified: seen.append("~\(name)")
                    case .deleted: seen.append("-\(name)")
                    case .bookmark: break
                    }
                }
            }
            for number in 0..<20 {
                _ = try await client.create(configMap("w\(number)"))
                _ = try await client.patch(ConfigMap.self, "w\(number)", namespace: "default", .merge(["data": ["x": "y"]]))
                try await client.delete(ConfigMap.self, "w\(number)", namespace: "default")
            }
            let all = await seen.wait(for: 60)
            #expect(all == (0..<20).flatMap { ["+w\($0)", "~w\($0)", "-w\($0)"] })
            reader.cancel()
            try? await reader.value
        }
    }

    @Test(arguments: TransportKind.allCases)
    func aWatchOfTheDistantPastIsExpiredAndOfBadOptionsRefused(kind: TransportKind) async throws {
        try await ServerFixture.run(kind) { fixture in
            let bad = await #expect(throws: APIStatusError.self) {
                for try await _ in fixture.client.watch(ConfigMap.self, ListOptions(labelSelector: "a b c", resourceVersion: "0")) {}
            }
            #expect(bad?.code == 400)
        }
    }

    @Test(arguments: TransportKind.allCases)
    func informersFollowAndManyClientsWorkAtOnce(kind: TransportKind) async throws {
        try await ServerFixture.run(kind) { fixture in
            let factory = InformerFactory(client: fixture.client, logger: quiet)
            let informer = factory.informer(ConfigMap.self, labelSelector: "load=yes")
            let added = Recorded<String>()
            informer.addHandler(added: { added.append($0.metadata.name ?? "") })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await factory.run() }
                try await informer.waitForSync()
                try await withThrowingTaskGroup(of: Void.self) { writers in
                    for writer in 0..<8 {
                        writers.addTask {
                            for number in 0..<25 { _ = try await fixture.client.create(configMap("c\(writer)-\(number)", labels: ["load": "yes"])) }
                        }
                    }
                    try await writers.waitForAll()
                }
                await added.wait(for: 200)
                #expect(informer.count == 200)
                #expect(Set(added.values).count == 200)
                group.cancelAll()
            }
        }
    }

    @Test(arguments: TransportKind.allCases)
    func leadersAreElectedAndEventsWritten(kind: TransportKind) async throws {
        try await ServerFixture.run(kind) { fixture in
            let leads = Recorded<String>()
            let timing = LeaderElection.Timing(leaseDuration: .seconds(2), renewDeadline: .seconds(1), retryPeriod: .milliseconds(20))
            @Sendable func candidate(_ name: String) -> Task<Void, any Error> {
                Task {
                    try await LeaderElector(
                        client: fixture.client, namespace: "kube-system", name: "lock", identity: name, timing: timing, logger: quiet
                    ) {
                        leads.append(name)
                        try await Task.sleep(for: .seconds(600))
                    }.run()
                }
            }
            let first = candidate("one")
            await leads.wait(for: 1)
            let second = candidate("two")
            // The first gives the lease back, so the second need not wait for its end.
            first.cancel()
            try await first.value
            await leads.wait(for: 2)
            #expect(leads.values == ["one", "two"])
            second.cancel()
            try await second.value

            let recorder = EventRecorder(client: fixture.client, component: "tester", host: "here")
            let object = try await fixture.client.create(configMap("a"))
            for _ in 0..<3 { recorder.event(object, type: "Normal", reason: "Tested", message: "it was tested") }
            await recorder.flush()
            let events = try await fixture.client.list(Event.self, namespace: "default", ListOptions(fieldSelector: "reason=Tested"))
            #expect(events.items.count == 1)
            #expect(events.items.first?.count == 3)
            #expect(events.items.first?.involvedObject?.uid == object.metadata.uid)
        }
    }
}
