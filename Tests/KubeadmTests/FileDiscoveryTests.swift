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
        var template = Array("/tmp/apus-kubeadm-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit { try? Files.removeTree(path) }
}

@Suite("kubeadm join --discovery-file")
struct FileDiscoveryTests {
    private let folder: Folder
    private let cluster: TestCluster
    private let token: BootstrapToken

    init() throws {
        folder = try Folder()
        cluster = try TestCluster()
        token = try #require(BootstrapToken("abcdef.0123456789abcdef"))
    }

    private func run(_ text: String, token: BootstrapToken?) async throws -> BelievedCluster {
        let path = "\(folder.path)/discovery.conf"
        try Files.writeAtomically(path, text)
        let info = cluster.info([])
        return try await FileDiscovery(path: path, bootstrapToken: token, fetch: { _, _ in info }).run()
    }

    @Test func theAuthorityOfTodayWins() async throws {
        let old = try TestCluster(server: "https://192.0.2.7:6443")
        let found = try await run(old.kubeconfig, token: token)
        let authority = try cluster.authority.certificate.pem()
        #expect(found.server == "https://192.0.2.7:6443" && found.authorityPEM == authority)
        #expect(found.credentials["token"] == "abcdef.0123456789abcdef")
    }

    @Test(arguments: [(200, "https://192.0.2.1:6443"), (404, "the server answers 404")])
    func theFileMayBeAtAURL(_ status: Int, _ part: String) async throws {
        let info = cluster.info([])
        let text = cluster.kubeconfig
        let discovery = FileDiscovery(
            path: "https://files.test/discovery.conf", bootstrapToken: token, fetch: { _, _ in info },
            download: { url in
                #expect(url == "https://files.test/discovery.conf")
                return HTTPResponseData(status: status, headers: [], body: Array(text.utf8))
            })
        do {
            #expect(try await discovery.run().server == part)
        } catch let error as KubeadmError {
            #expect(error.description.contains(part))
        }
    }

    @Test func credentialsOfTheFileServeWithoutAToken() async throws {
        let text =
            cluster.kubeconfig
            .replacing("clusters:\n- cluster:", with: "clusters:\n- name: c\n  cluster:")
            + "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\nusers: [{name: u, user: {token: t}}]\n"
        #expect(try await run(text, token: nil).credentials["token"] == "t")
        let error = await #expect(throws: KubeadmError.self) { try await run(cluster.kubeconfig, token: nil) }
        #expect(error?.description.contains("give --tls-bootstrap-token") == true)
    }

    @Test(arguments: [
        ("clusters: []\n", "must name a cluster with its server"),
        ("clusters: [{cluster: {server: 'https://x:1'}}]\n", "has no certificate authority"),
    ])
    func whatTheFileLacksIsNamed(_ text: String, _ part: String) async throws {
        let error = await #expect(throws: KubeadmError.self) { try await run(text, token: token) }
        #expect(error?.description.contains(part) == true)
    }
}

@Suite("The kubelet's certificate on a control plane")
struct RotatableCertificateTests {
    @Test func itMovesOutOfTheKubeconfigOnce() throws {
        let folder = try Folder()
        let authority = try CertificateAuthority.create(commonName: "kubernetes", now: TestCluster.start, key: KeyPair.generate())
        let (certificate, key) = try authority.issue(.client(user: "system:node:master", groups: ["system:nodes"]), now: TestCluster.start)
        let path = "\(folder.path)/kubelet.conf"
        let before = KubeconfigFile(
            server: TestCluster.server, authorityPEM: try authority.certificate.pem(), user: "system:node:master",
            certificatePEM: try certificate.pem(), keyPEM: try key.pem())
        try SecretFile.write(Array(before.text.utf8), to: path)
        #expect(try RotatableCertificate.moveOut(of: path, to: folder.path, now: 7))
        let current = "\(folder.path)/kubelet-client-current.pem"
        let connection = try Kubeconfig.load(path: path).connection()
        #expect(connection.clientCertificate == .file(current) && connection.clientKey == .file(current) && connection.server == TestCluster.server)
        let pem = try #require(try SecretFile.read(current))
        let (certificatePEM, keyPEM) = (try certificate.pem(), try key.pem())
        #expect(pem == certificatePEM + keyPEM && Files.readLink(current) == "\(folder.path)/kubelet-client-7.pem")
        var info = stat()
        #expect(stat(current, &info) == 0 && info.st_mode & 0o077 == 0)
        // Nothing is left to move the second time.
        #expect(try !RotatableCertificate.moveOut(of: path, to: folder.path, now: 8))
    }
}
