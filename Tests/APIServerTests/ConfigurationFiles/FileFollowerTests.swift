import FoundationEssentials
import JSON
import KubernetesClient
import Logging
import NIOHTTP1
import PKI
import Synchronization
import Testing

@testable import APIServer

/// Files that are followed while the server runs.
@Suite struct FileFollowerTests {
    private static let file = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n"

    @Test("A changed file counts; one that cannot be used does not, and is counted, too")
    func authentication() async throws {
        let folder = "/tmp/apus-follower-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/authentication.yaml"
        func write(_ text: String) throws { try SecretFile.write(Array((Self.file + text).utf8), to: path) }
        try write("")
        let options = AuthenticationOptions.File(path: path) { bytes in
            let file = try AuthenticationFile(yaml: bytes, path: path, disallowedIssuers: [])
            return .init(issuers: [], anonymous: file.anonymous ?? .everywhere)
        }
        let current = CurrentAuthentication(.init(issuers: [], anonymous: .everywhere))
        let authenticator = Authenticator(tokens: [current], audiences: [], anonymous: current.anonymous)
        func isLetIn(_ path: String) -> Bool {
            if case .user = authenticator.authenticate(APIRequest(method: "GET", path: path)) { true } else { false }
        }
        let clock = ManualClock(startMicroseconds: 1_800_000_000_000_000)
        let reloads = ReloadMetrics(subsystem: "authentication_config_controller", server: "s")
        let lines = LogLines()
        let follower = FileFollower(path, what: "authentication", reloads: reloads, time: clock.timeSource, logger: lines.logger) {
            current.replace(with: try options.read($0))
        }
        let running = Task { try await follower.run() }
        defer { running.cancel() }
        /// Returns when the follower has looked again.
        func look() async {
            await clock.waitForSleepers()
            clock.advance(by: .seconds(5))
            await clock.waitForSleepers()
        }
        await look()
        #expect(isLetIn("/livez") && isLetIn("/version") && lines.text.isEmpty)
        let name = "apiserver_authentication_config_controller"
        #expect(!reloads.text.contains("\(name)_automatic_reloads_total{"))

        try write("anonymous: {enabled: true, conditions: [{path: /livez}]}\n")
        await look()
        #expect(isLetIn("/livez") && !isLetIn("/version"))
        let hash = try #require(reloads.text.split(separator: "\n").last)
        try write("anonymous: {enabled: maybe}\n")
        await look()
        await look()
        #expect(isLetIn("/livez") && !isLetIn("/version"))
        #expect(lines.text.contains("a changed file cannot be used"))
        let server = "apiserver_id_hash=\"sha256:043a718774c572bd8a25adbeb1bfcd5c0256ae11cecf9f9c3f925d0e52beaf89\""
        for line in [
            "\(name)_automatic_reloads_total{\(server),status=\"success\"} 1\n", "\(name)_automatic_reloads_total{\(server),status=\"failure\"} 1\n",
            "\(name)_automatic_reload_last_timestamp_seconds{\(server),status=\"success\"} 1800000010.0\n",
            "\(name)_automatic_reload_last_timestamp_seconds{\(server),status=\"failure\"} 1800000015.0\n",
        ] { #expect(reloads.text.contains(line), "\(reloads.text)") }
        // The file that counts is still the one before.
        #expect(reloads.text.split(separator: "\n").last == hash)

        try FileManager.default.removeItem(atPath: path)
        await look()
        #expect(!isLetIn("/version"))
        try write("anonymous: {enabled: true}\n")
        await look()
        #expect(isLetIn("/version"))
    }

    @Test("Of two files that have to fit each counts, and neither before both are there")
    func pairs() async throws {
        let folder = "/tmp/apus-follower-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let paths = ["\(folder)/a.crt", "\(folder)/a.key"]
        func write(_ index: Int, _ text: String) throws { try SecretFile.write(Array(text.utf8), to: paths[index]) }
        struct Misfit: Error {}
        let taken = Mutex<[String]>([])
        let clock = ManualClock(startMicroseconds: 1_800_000_000_000_000)
        let follower = FileFollower(files: paths, what: "a certificate and its key", time: clock.timeSource, logger: LogLines().logger) { files in
            let texts = files.map { String(decoding: $0, as: UTF8.self) }
            guard texts[0] == texts[1] else { throw Misfit() }
            taken.withLock { $0.append(texts[0]) }
        }
        let running = Task { try await follower.run() }
        defer { running.cancel() }
        /// - Returns: what has been taken in when the follower has looked again.
        func look() async -> [String] {
            await clock.waitForSleepers()
            clock.advance(by: .seconds(5))
            await clock.waitForSleepers()
            return taken.withLock { $0 }
        }
        try write(0, "1")
        #expect(await look() == [])
        try write(1, "1")
        #expect(await look() == ["1"])
        try write(1, "2")
        #expect(await look() == ["1"])
        try write(0, "2")
        #expect(await look() == ["1", "2"])
        #expect(await look() == ["1", "2"])
    }

    @Test(
        "Webhooks come and go; the others only change places",
        arguments: [
            (["RBAC", "Node"], true), (["Node", "Webhook", "RBAC"], true), (["Node"], false), (["Node", "RBAC", "AlwaysAllow"], false), ([], false),
        ])
    func authorization(_ names: [String], _ isTaken: Bool) throws {
        let webhook = AuthorizationMode.webhook(
            WebhookAuthorizer(transport: ScriptedTransport(status: [:]), logger: Logger(label: "test")))
        let options = AuthorizationFileOptions(path: "f") { bytes in
            String(decoding: bytes, as: UTF8.self).split(separator: ",").map { AuthorizationMode(name: String($0)) ?? webhook }
        }
        let bytes = Array(names.joined(separator: ",").utf8)
        if isTaken {
            #expect(try options.replacement(bytes, for: [.node, .rbac]).map(\.name) == names)
        } else {
            #expect(throws: AuthorizationFileOptions.Refusal.self) { try options.replacement(bytes, for: [.node, .rbac]) }
        }
    }

    @Test func authorizersThatTakeAnothersPlace() {
        let user = AuthorizationAttributes(user: UserInfo(name: "ana"), verb: "get", resource: "pods")
        let current = CurrentAuthorizer(UnionAuthorizer([ConstantAuthorizer(allows: false)]))
        #expect(!current.authorize(user).isAllowed && current.rules(for: user.user, namespace: "").isEmpty)
        current.replace(with: UnionAuthorizer([ConstantAuthorizer(allows: true)]))
        #expect(current.authorize(user).isAllowed && !current.rules(for: user.user, namespace: "").isEmpty)
    }
}
