import APIServer
import Glibc
import KubernetesClient
import Logging
import PKI
import Synchronization
import Testing

@testable import Components

/// Certificates in a folder of their own, under a clock that the test turns.
private final class Folder: Sendable {
    let path: String
    let start: Int64 = 1_800_000_000
    private let state: Mutex<(wall: Int64, uptime: Duration)>
    private let news = Mutex<[String]>([])

    init() throws {
        path = "/tmp/apus-keeper-\(RandomToken.hex(bytes: 6))"
        state = Mutex((1_800_000_000, .zero))
        try ensure(now: start)
    }

    deinit {
        for name in ["ca", "front-proxy-ca", "apiserver", "apiserver-kubelet-client", "front-proxy-client"] {
            for end in ["crt", "key"] { unlink("\(path)/\(name).\(end)") }
        }
        for name in ["sa.key", "sa.pub", "admin.conf"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    func ensure(now: Int64) throws {
        let pki = try ClusterPKI.ensure(directory: path, parameters: .init(serviceAddresses: ["10.96.0.1"]), now: now)
        try KubeconfigFile.ensure(
            "\(path)/admin.conf", server: "https://192.0.2.1:6443", authority: pki.authority, spec: .client(user: "admin"), now: now)
    }

    /// The clock of the machine moves by so many days while `uptime` passes.
    func pass(days: Int64, uptime: Duration = .seconds(86400)) {
        state.withLock {
            $0.wall += days * 86400
            $0.uptime += uptime
        }
    }

    var now: Int64 { state.withLock { $0.wall } }

    /// What was told since the last time.
    func told() -> [String] {
        news.withLock { news in
            defer { news = [] }
            return news.sorted()
        }
    }

    func entries() throws -> [CertificateEntry] {
        var entries: [CertificateEntry] = []
        for (name, signer) in [
            ("apiserver", "ca"), ("apiserver-kubelet-client", "ca"), ("front-proxy-client", "front-proxy-ca"), ("ca", nil), ("front-proxy-ca", nil),
        ] as [(String, String?)] {
            let pem = try #require(try SecretFile.read("\(path)/\(name).crt"))
            entries.append(.init(name: name, path: path, certificate: try PEMCertificate(pem: pem, what: name), signer: signer, user: ""))
        }
        let admin = try #require(try KubeconfigFile.clientCertificate("\(path)/admin.conf"))
        return entries + [.init(name: "admin.conf", path: path, certificate: admin, signer: "ca", user: "")]
    }

    func keeper(renewing: Bool = true) -> CertificateKeeper {
        struct NotHere: Error {}
        return CertificateKeeper(
            entries: { try self.entries() },
            renew: { now in
                if !renewing { throw NotHere() }
                try self.ensure(now: now)
                return [:]
            },
            tell: { news in
                let words =
                    switch news {
                    case .renewed(let entry): "renewed \(entry.name)"
                    case .expires(let entry, let reason): "expires \(entry.name)\(reason.isEmpty ? "" : ": \(reason)")"
                    }
                self.news.withLock { $0.append(words) }
            },
            time: TimeSource(
                wallMicroseconds: { self.state.withLock { $0.wall } * 1_000_000 }, uptime: { self.state.withLock { $0.uptime } },
                sleep: { _ in throw CancellationError() }),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// Whether every certificate counts now, and for how many days the first of them that is not an authority will.
    func daysLeft() throws -> Int64 {
        let leaves = try entries().filter { !$0.isAuthority }
        #expect(leaves.allSatisfy { $0.certificate.notBefore <= now })
        return ((leaves.map(\.certificate.notAfter).min() ?? 0) - now) / 86400
    }
}

@Suite struct CertificateKeeperTests {
    private static let leaves = ["admin.conf", "apiserver", "apiserver-kubelet-client", "front-proxy-client"]

    @Test func allAreRenewedThirtyDaysAhead() throws {
        let folder = try Folder()
        let keeper = folder.keeper()
        var watch = CertificateKeeper.Watch()
        for _ in 0..<334 {
            folder.pass(days: 1)
            keeper.look(&watch)
        }
        #expect(folder.told().isEmpty)
        #expect(try folder.daysLeft() == 31)
        folder.pass(days: 2)
        keeper.look(&watch)
        #expect(folder.told() == Self.leaves.map { "renewed \($0)" }.sorted())
        #expect(try folder.daysLeft() == 365)
        // Once is enough.
        keeper.look(&watch)
        #expect(folder.told().isEmpty)
    }

    /// A machine that slept for two years, or whose clock was set, forwards and back.
    @Test func aClockThatJumps() throws {
        let folder = try Folder()
        let keeper = folder.keeper()
        var watch = CertificateKeeper.Watch()
        keeper.look(&watch)
        for days in [730, -400, 3, 2000, -2000] as [Int64] {
            folder.pass(days: days, uptime: .seconds(10))
            keeper.look(&watch)
            #expect(try folder.daysLeft() >= 30, "after a jump of \(days) days")
        }
        // Before the authority was made nothing can be done; it is not tried without end.
        folder.pass(days: -2000, uptime: .seconds(10))
        keeper.look(&watch)
        _ = folder.told()
        folder.pass(days: 0, uptime: .seconds(3600))
        keeper.look(&watch)
        #expect(folder.told().isEmpty)
    }

    @Test func whatCannotBeRenewedIsToldOfOnceADay() throws {
        let folder = try Folder()
        let keeper = folder.keeper(renewing: false)
        var watch = CertificateKeeper.Watch()
        folder.pass(days: 336)
        for _ in 0..<10 {
            keeper.look(&watch)
            folder.pass(days: 0, uptime: .seconds(60))
        }
        #expect(folder.told() == Self.leaves.map { "expires \($0): NotHere()" }.sorted())
        folder.pass(days: 1)
        keeper.look(&watch)
        #expect(folder.told().count == Self.leaves.count)
    }

    @Test func anAuthorityThatEnds() throws {
        let folder = try Folder()
        let keeper = folder.keeper()
        var watch = CertificateKeeper.Watch()
        folder.pass(days: 3625)
        keeper.look(&watch)
        let told = folder.told()
        #expect(told.contains("expires ca") && told.contains("expires front-proxy-ca"))
        // What it signs lasts as long as itself, and is not made anew for that all the time.
        let ends = try folder.entries().map(\.certificate.notAfter)
        folder.pass(days: 0, uptime: .seconds(3600))
        keeper.look(&watch)
        #expect(folder.told().isEmpty)
        #expect(try folder.entries().map(\.certificate.notAfter) == ends)
    }

    /// Those who use a certificate notice by its files, and keep the old one while the new one is not whole.
    @Test func filesThatChangeAreTakenIn() async throws {
        let folder = try Folder()
        let used = Mutex<[[UInt8]]>([])
        let files = ServingFiles(path: "\(folder.path)/apiserver")
        let clock = ManualClock()
        let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let follower = files.follower(time: clock.timeSource, logger: silent) { found in used.withLock { $0.append(found.certificateChain) } }
        let running = Task { try await follower.run() }
        defer { running.cancel() }
        /// - Returns: the certificates taken in when the files have been looked at again.
        func look() async -> [[UInt8]] {
            await clock.waitForSleepers()
            clock.advance(by: .seconds(10))
            await clock.waitForSleepers()
            return used.withLock { $0 }
        }
        #expect(await look().isEmpty)
        try folder.ensure(now: folder.start + 340 * 86400)
        #expect(await look() == [try #require(try SecretFile.read("\(folder.path)/apiserver.crt"))])
        unlink("\(folder.path)/apiserver.crt")
        #expect(await look().count == 1)
    }
}
