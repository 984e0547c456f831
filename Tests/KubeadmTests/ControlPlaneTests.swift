import Flags
import Glibc
import JSON
import KubernetesClient
import Linux
import PKI
import Testing

@testable import Kubeadm

/// A folder of one test's own, gone with it.
private final class Folder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/apus-planes-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit { try? Files.removeTree(path) }
}

@Suite("Several control planes")
struct ControlPlaneTests {
    @Test func aCertificateKeyOpensWhatItHasSealed() throws {
        let key = CertificateKey.random()
        let same = try #require(try CertificateKey(flag: key.text))
        let message = Array("a key".utf8)
        let sealed = try key.seal(message)
        #expect(key.text.utf8.count == 64 && same.open(sealed) == message && CertificateKey.random().open(sealed) == nil)
        #expect(key.open(Array(sealed.dropLast())) == nil && key.open([]) == nil)
        // A nonce, then the ciphertext, then the tag, as others read it.
        #expect(sealed.count == 12 + message.count + 16)
    }

    @Test(arguments: ["", "abc", String(repeating: "g", count: 64), String(repeating: "é", count: 32)])
    func keysThatCannotBe(_ text: String) {
        #expect(throws: FlagProblem.self) { try CertificateKey(flag: text) }
    }

    @Test func whatAllControlPlanesShareTravelsEncrypted() throws {
        let (here, there) = (try Folder(), try Folder())
        let store = try StoreChoice(isWanted: true, local: nil, external: nil)
        for authority in [PlannedAuthority.cluster, .frontProxy, .etcd] { _ = try authority.ensure(in: here.path, now: TestCluster.start) }
        _ = try ClusterPKI.ensureServiceAccountKey(here.path)
        let key = CertificateKey.random()
        let data = JSONValue.object(try SharedCertificates.sealed(store, folder: here.path, key: key))
        #expect(data["etcd-ca.key"] != nil && data["ca.crt"] != nil)
        let text = String(decoding: data.serialized(), as: UTF8.self)
        let plain = Base64.encode(try #require(try SecretFile.read("\(here.path)/ca.key")))
        #expect(!text.contains("BEGIN") && !text.contains(plain))
        #expect(throws: KubeadmError.self) { try SharedCertificates.unseal(data, store, folder: there.path, key: .random()) }
        try SharedCertificates.unseal(data, store, folder: there.path, key: key)
        for file in SharedCertificates.files(store) {
            #expect(try SecretFile.read("\(here.path)/\(file)") == SecretFile.read("\(there.path)/\(file)"))
        }
        var info = stat()
        #expect(stat("\(there.path)/etcd/ca.key", &info) == 0 && info.st_mode & 0o077 == 0)
        var incomplete = data
        incomplete["sa.pub"] = nil
        let error = #expect(throws: KubeadmError.self) { try SharedCertificates.unseal(incomplete, store, folder: there.path, key: key) }
        #expect(error?.description.contains("has no sa.pub") == true)
    }

    @Test(arguments: [
        (["--certificate-key=\(String(repeating: "a", count: 64))"], "is of use only with --control-plane"),
        (["--control-plane", "--certificate-key=ab"], "64 hexadecimal digits"),
        (["--control-plane", "--apiserver-advertise-address=nowhere"], "must be an IP address"),
    ])
    func flagsOfJoinThatDoNotFit(_ arguments: [String], _ part: String) {
        let problem = #expect(throws: FlagProblem.self) { try join(arguments) }
        #expect(problem?.description.contains(part) == true, "\(problem?.description ?? "")")
    }

    @Test func aControlPlaneTakesTheNodesAddress() throws {
        let own = try #require(try join(["--control-plane"]).controlPlane)
        #expect(own.advertiseAddress == "192.0.2.9" && own.bindPort == 6443 && own.certificateKey == nil)
        #expect(try join([]).controlPlane == nil)
    }

    private func join(_ arguments: [String]) throws -> JoinSettings {
        let common = ["--token=abcdef.0123456789abcdef", "--discovery-token-unsafe-skip-ca-verification", "--node-ip=192.0.2.9"]
        return try JoinSettings(FlagValues(JoinFlags.table, arguments: common + arguments), endpoint: "cluster.test:6443")
    }

    @Test func theLineForControlPlanesSaysTheKey() throws {
        let folder = try Folder()
        let authority = try PlannedAuthority.cluster.ensure(in: folder.path, now: TestCluster.start)
        let path = "\(folder.path)/admin.conf"
        try KubeconfigFile.ensure(path, server: TestCluster.server, authority: authority, spec: .client(user: "a"), now: TestCluster.start)
        let token = try #require(BootstrapToken("abcdef.0123456789abcdef"))
        let key = CertificateKey.random()
        let line = try JoinLine.text(kubeconfig: path, token: token, role: .controlPlane(key))
        #expect(line.contains("--discovery-token-ca-cert-hash sha256:") && line.hasSuffix(" --control-plane --certificate-key \(key.text) "))
        let pasted = try JoinLine.text(kubeconfig: path, token: token, separator: " \\\n\t", role: .controlPlane(nil))
        #expect(pasted.hasSuffix(" \\\n\t--control-plane --certificate-key <value withheld> "))
    }
}

@Suite("kubeadm upgrade and readdress")
struct ChangeTests {
    @Test func aPlanNamesWhatIsOld() {
        let versions = ClusterVersions(
            server: "v1.36.2",
            controlPlane: [
                .init(component: "kube-scheduler", node: "m", version: "v1.36.2"),
                .init(component: "kube-apiserver", node: "m", version: "v1.36.3-x"),
            ], kubelets: [.init(component: "kubelet", node: "w", version: "v1.36.3+x"), .init(component: "kubelet", node: "m", version: "v1.36.2")])
        let lines = versions.plan(target: "v1.36.3+x")
        #expect(lines.contains("kubelet     m      v1.36.2   v1.36.3+x") && lines.contains("kube-scheduler   m      v1.36.2   v1.36.3-x"))
        #expect(!lines.contains { $0.contains("kube-apiserver") } && lines.last == "\tkubeadm upgrade apply \(ApusVersion.upstream)")
        let done = ClusterVersions(server: "", controlPlane: [], kubelets: [.init(component: "kubelet", node: "w", version: "v1.36.3+x")])
        #expect(done.plan(target: "v1.36.3+x").last?.contains("already") == true)
    }

    @Test(arguments: [
        ("server: https://10.0.2.15:6443\n", "server: https://10.0.2.20:6443\n"), ("10.0.2.15", "10.0.2.20"),
        ("10.0.2.155 110.0.2.15 10.0.2.15.4", "10.0.2.155 110.0.2.15 10.0.2.15.4"), ("--node-ip=10.0.2.15\"", "--node-ip=10.0.2.20\""), ("", ""),
        ("10.0.2.15,10.0.2.15", "10.0.2.20,10.0.2.20"),
    ])
    func onlyTheAddressItselfChanges(_ text: String, _ expected: String) {
        #expect(AddressChange(old: "10.0.2.15", new: "10.0.2.20").applied(to: text) == expected)
    }

    @Test func theKubeletsFlagsAreReadAgain() {
        let machine = KubeletFiles.Machine(
            nodeName: "w", nodeIP: "192.0.2.9", criSocket: "unix:///s", taints: ["a=b:NoSchedule"], arguments: [("v", "4")])
        let flags = InstalledMachine.flags(KubeletFiles.environment(machine))
        #expect(
            flags["container-runtime-endpoint"] == "unix:///s" && flags["node-ip"] == "192.0.2.9" && flags["register-with-taints"] == "a=b:NoSchedule"
        )
        #expect(InstalledMachine.flags("").isEmpty)
    }

    @Test func aRenewedKubeconfigKeepsItsServer() throws {
        let folder = try Folder()
        let authority = try PlannedAuthority.cluster.ensure(in: "\(folder.path)/pki", now: Int64(time(nil)))
        let path = "\(folder.path)/admin.conf"
        try KubeconfigFile.ensure(
            path, server: "https://cluster.test:6443", authority: authority, spec: .client(user: "a"), now: Int64(time(nil)))
        let before = try #require(try KubeconfigFile.clientCertificate(path))
        let settings = try InitSettings(
            InitSettings.read(
                InitFlags.table,
                [
                    "--apiserver-advertise-address=192.0.2.1", "--kubeconfig-dir=\(folder.path)", "--cert-dir=\(folder.path)/pki",
                    "--certificate-validity-period=2h",
                ]))
        let now = Int64(time(nil))
        #expect(try settings.installedCertificates.renew("admin.conf", now: now))
        let after = try #require(try KubeconfigFile.clientCertificate(path))
        #expect(after.commonName == "a" && after.der != before.der && after.notAfter == now + 7200)
        #expect(try Kubeconfig.load(path: path).connection().server == "https://cluster.test:6443")
    }

    @Test func certificatesKeepTheirOtherNamesOnANewAddress() throws {
        let folder = try Folder()
        let authority = try PlannedAuthority.cluster.ensure(in: folder.path, now: Int64(time(nil)))
        let planned = PlannedCertificate.apiServer(.init(serviceAddresses: ["10.96.0.1"], names: ["m", "extra"], addresses: ["10.0.2.15"]))
        _ = try planned.ensure(in: folder.path, authority, now: Int64(time(nil)))
        try ControlPlaneCertificates(folder: folder.path, certificates: folder.path)
            .renew("apiserver", now: Int64(time(nil)), changed: { $0 == "10.0.2.15" ? "10.0.2.20" : $0 })
        let certificate = try #require(try CertificateFiles.load("\(folder.path)/apiserver")).certificate
        #expect(certificate.ipAddresses.contains("10.0.2.20") && !certificate.ipAddresses.contains("10.0.2.15"))
        #expect(
            certificate.ipAddresses.contains("10.96.0.1") && certificate.dnsNames.contains("extra") && certificate.isSigned(by: authority.certificate)
        )
    }
}
