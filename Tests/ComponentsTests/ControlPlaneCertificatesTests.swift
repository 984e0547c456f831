import Flags
import Glibc
import KubernetesClient
import Linux
import Logging
import PKI
import Synchronization
import Testing

@testable import Components

/// A control plane's files as kubeadm has made them, with a member of etcd, under a clock that the test turns.
private final class Machine: Sendable {
    let folder: String
    let start: Int64 = 1_800_000_000
    private let state = Mutex<(wall: Int64, uptime: Duration)>((1_800_000_000, .zero))
    private let news = Mutex<[String]>([])

    var pki: String { "\(folder)/pki" }
    var certificates: ControlPlaneCertificates { ControlPlaneCertificates(folder: folder, certificates: pki) }

    init() throws {
        var template = Array("/tmp/apus-certificates-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        var authorities: [String: CertificateAuthority] = [:]
        for authority in ControlPlaneCertificates.authorities { authorities[authority.name] = try authority.ensure(in: pki, now: start) }
        let planned =
            [
                .apiServer(.init(serviceAddresses: ["10.96.0.1"], names: ["master", "cluster.test"], addresses: ["192.0.2.1"])), .kubeletClient,
                .frontProxyClient,
            ]
            + PlannedCertificate.etcd(machine: "master", address: "192.0.2.1")
        for certificate in planned {
            _ = try certificate.ensure(in: pki, try #require(authorities[certificate.authority.name]), now: start)
        }
        for file in ControlPlaneCertificates.kubeconfigs {
            try KubeconfigFile.ensure(
                "\(folder)/\(file)", server: "https://cluster.test:6443", authority: try #require(authorities["ca"]),
                spec: .client(user: file, groups: ["group"]), now: start)
        }
    }

    deinit { try? Files.removeTree(folder) }

    func pass(days: Int64, uptime: Duration = .seconds(86400)) {
        state.withLock {
            $0.wall += days * 86400
            $0.uptime += uptime
        }
    }

    /// What was told since the last time.
    func told() -> [String] {
        news.withLock { news in
            defer { news = [] }
            return news.sorted()
        }
    }

    func keeper(validity: Duration = CertificateSpec.oneYear) -> CertificateKeeper {
        var certificates = certificates
        certificates.validity = validity
        return CertificateKeeper(
            certificates,
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

    func certificate(_ name: String) throws -> PEMCertificate {
        try PEMCertificate(pem: try #require(try SecretFile.read("\(pki)/\(name).crt")))
    }
}

@Suite("The certificates of a control plane that kubeadm has made")
struct ControlPlaneCertificatesTests {
    private static let kubeconfigs = ["admin.conf", "controller-manager.conf", "scheduler.conf", "super-admin.conf"]
    private static let leaves =
        (kubeconfigs + [
            "apiserver", "apiserver-etcd-client", "apiserver-kubelet-client", "etcd-healthcheck-client", "etcd-peer", "etcd-server",
            "front-proxy-client",
        ]).sorted()

    @Test func allAreRenewedThirtyDaysAheadAndSayTheSame() throws {
        let machine = try Machine()
        let keeper = machine.keeper()
        var watch = CertificateKeeper.Watch()
        let names = try machine.certificate("apiserver").dnsNames
        let members = try machine.certificate("etcd/peer").ipAddresses
        let kubeconfig = "\(machine.folder)/scheduler.conf"
        let number = try #require(inode(kubeconfig))
        let before = try #require(try Files.readText(kubeconfig))
        machine.pass(days: 334)
        keeper.look(&watch)
        #expect(machine.told().isEmpty)
        machine.pass(days: 2)
        keeper.look(&watch)
        #expect(machine.told() == Self.leaves.map { "renewed \($0)" })
        let entries = try machine.certificates.entries()
        #expect(entries.allSatisfy { $0.hasItsKey && !$0.isExternal && $0.certificate.notAfter > machine.start + 700 * 86400 })
        let server = try machine.certificate("apiserver")
        #expect(server.dnsNames == names && names.contains("cluster.test") && server.ipAddresses.contains("192.0.2.1"))
        #expect(try machine.certificate("etcd/peer").ipAddresses == members)
        let client = try machine.certificate("apiserver-kubelet-client")
        #expect(client.organizations == ["system:masters"] && client.allowsClientAuthentication)
        // A component has the file itself mounted; what else it says stays.
        let after = try #require(try Files.readText(kubeconfig))
        #expect(inode(kubeconfig) == number && after != before && mode(kubeconfig) == 0o600)
        func others(_ text: String) -> [Substring] { text.split(separator: "\n").filter { !$0.contains("client-") } }
        #expect(others(after) == others(before))
        let scheduler = try #require(try KubeconfigFile.read(kubeconfig))
        #expect(scheduler.certificate.commonName == "scheduler.conf" && scheduler.certificate.organizations == ["group"])
        // Once is enough.
        keeper.look(&watch)
        #expect(machine.told().isEmpty)
        #expect(try Files.list(machine.folder).allSatisfy { !$0.hasSuffix(".next") && !$0.hasSuffix(".tmp") })
    }

    private func inode(_ path: String) -> UInt64? {
        var info = stat()
        return stat(path, &info) == 0 ? UInt64(info.st_ino) : nil
    }

    private func mode(_ path: String) -> UInt32? {
        var info = stat()
        return stat(path, &info) == 0 ? UInt32(info.st_mode) & 0o777 : nil
    }

    @Test func anAuthorityOfSomebodyElseIsLeftAloneAndToldOf() throws {
        let machine = try Machine()
        let keeper = machine.keeper()
        var watch = CertificateKeeper.Watch()
        #expect(rename("\(machine.pki)/front-proxy-ca.key", "\(machine.folder)/elsewhere") == 0)
        let before = try machine.certificate("front-proxy-client")
        machine.pass(days: 336)
        keeper.look(&watch)
        let told = machine.told()
        #expect(told.filter { $0.hasPrefix("renewed") } == Self.leaves.filter { $0 != "front-proxy-client" }.map { "renewed \($0)" })
        #expect(
            told.filter { $0.hasPrefix("expires") }
                == ["expires front-proxy-client: the key of its authority is not in \(machine.pki): who has it must renew it"])
        #expect(try machine.certificate("front-proxy-client").der == before.der)
        let external = try machine.certificates.entries().filter(\.isExternal).map(\.name).sorted()
        #expect(external == ["front-proxy-ca", "front-proxy-client"])
        // Once a day, until who has the key has done it.
        machine.pass(days: 0, uptime: .seconds(3600))
        keeper.look(&watch)
        #expect(machine.told().isEmpty)
        machine.pass(days: 1)
        keeper.look(&watch)
        #expect(machine.told().count == 1)
        #expect(throws: PKIError.self) { try machine.certificates.renew("front-proxy-client", now: machine.start) }
        #expect(rename("\(machine.folder)/elsewhere", "\(machine.pki)/front-proxy-ca.key") == 0)
        machine.pass(days: 0, uptime: .seconds(61))
        keeper.look(&watch)
        #expect(machine.told() == ["renewed front-proxy-client"])
    }

    @Test func whatAnotherAuthorityHasSignedIsLeftAlone() throws {
        let machine = try Machine()
        let stranger = try CertificateAuthority.create(commonName: "stranger", now: machine.start)
        let (certificate, key) = try stranger.issue(.serving("x", dnsNames: ["x"], ipAddresses: []), now: machine.start)
        try SecretFile.write(try key.pem(), to: "\(machine.pki)/apiserver.key")
        try SecretFile.write(try certificate.pem(), to: "\(machine.pki)/apiserver.crt")
        let failures = try machine.certificates.renewDue(now: machine.start + 340 * 86400)
        #expect(failures == ["apiserver": "it was not signed by the authority in \(machine.pki): who has signed it must renew it"])
        #expect(try machine.certificate("apiserver").der == certificate.der)
    }

    /// A crash between the writes of a key and of its certificate, and one in the midst of a kubeconfig.
    @Test func whatACrashHasLeftIsMended() throws {
        let machine = try Machine()
        let keeper = machine.keeper()
        var watch = CertificateKeeper.Watch()
        try SecretFile.write(try KeyPair.generate().pem(), to: "\(machine.pki)/etcd/server.key")
        let kubeconfig = "\(machine.folder)/controller-manager.conf"
        let whole = try #require(try SecretFile.read(kubeconfig))
        try SecretFile.write(whole, to: kubeconfig + ".next")
        try SecretFile.write(Array(whole.prefix(700)), to: kubeconfig)
        keeper.look(&watch)
        #expect(machine.told() == ["renewed etcd-server"])
        #expect(try SecretFile.read(kubeconfig) == whole && !Files.exists(kubeconfig + ".next"))
        #expect(try machine.certificates.entries().allSatisfy(\.hasItsKey))
    }

    @Test func shortLivesAreRenewedWhenAThirdIsLeft() throws {
        let machine = try Machine()
        let keeper = machine.keeper(validity: .seconds(30 * 86400))
        var watch = CertificateKeeper.Watch()
        machine.pass(days: 356)
        keeper.look(&watch)
        #expect(machine.told().count == Self.leaves.count)
        machine.pass(days: 19)
        keeper.look(&watch)
        #expect(machine.told().isEmpty)
        machine.pass(days: 2)
        keeper.look(&watch)
        #expect(machine.told() == Self.leaves.map { "renewed \($0)" })
    }

    @Test func authoritiesThatEndAreToldOf() throws {
        let machine = try Machine()
        let keeper = machine.keeper()
        var watch = CertificateKeeper.Watch()
        machine.pass(days: 3625)
        keeper.look(&watch)
        #expect(machine.told() == ["ca", "etcd-ca", "front-proxy-ca"].map { "expires \($0)" } + Self.leaves.map { "renewed \($0)" })
        // What lasts as long as its authority needs no words of its own, until it has ended.
        machine.pass(days: 0, uptime: .seconds(3600))
        keeper.look(&watch)
        #expect(machine.told().isEmpty)
        machine.pass(days: 26)
        keeper.look(&watch)
        #expect(machine.told().contains("expires apiserver: its authority has ended, too"))
    }

    @Test func kubeconfigsOfOthersStayAsTheyAre() throws {
        let machine = try Machine()
        let path = "\(machine.folder)/admin.conf"
        let text = try #require(try Files.readText(path))
        for other in [text + text, text.replacing("client-certificate-data: ", with: "client-certificate: /x # "), "users: []\n"] {
            try Files.writeAtomically(path, other)
            #expect(try machine.certificates.entries().contains { $0.name == "admin.conf" } == false)
            #expect(try machine.certificates.renew("admin.conf", now: machine.start) == false)
            #expect(try Files.read(path) == Array(other.utf8))
        }
        #expect(try machine.certificates.renew("no-such", now: machine.start) == false)
    }

    @Test func flagsThatCannotBe() {
        #expect(throws: FlagProblem("--certificate-validity-period must be more than 0, such as 8760h")) {
            try CertificateKeeperComponent.certificates(
                FlagValues(CertificateKeeperComponent.table, arguments: ["--certificate-validity-period=0s"]))
        }
    }
}
