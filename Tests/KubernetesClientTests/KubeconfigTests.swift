import KubernetesClient
import Testing

private let whole = """
    apiVersion: v1
    kind: Config
    current-context: admin@one
    clusters:
    - name: one
      cluster:
        server: https://10.0.0.1:6443
        certificate-authority-data: SGVs
          bG8=
    - name: two
      cluster: {server: "https://[::1]:6443", insecure-skip-tls-verify: true, tls-server-name: kube}
    users:
    - name: admin
      user: {client-certificate: pki/admin.crt, client-key: /abs/admin.key}
    - name: robot
      user: {tokenFile: token, token: abc}
    - name: nobody
      user: {}
    - name: cloud
      user: {exec: {command: aws}}
    contexts:
    - name: admin@one
      context: {cluster: one, user: admin, namespace: team}
    - name: robot@two
      context: {cluster: two, user: robot}
    - name: cloud@one
      context: {cluster: one, user: cloud}
    - name: lost
      context: {cluster: nowhere, user: admin}
    """

@Suite struct KubeconfigTests {
    @Test func contextsBecomeConnections() throws {
        let config = try Kubeconfig(parsing: whole, file: "/etc/k/admin.conf")
        let admin = try config.connection()
        #expect(admin.server == "https://10.0.0.1:6443")
        #expect(admin.certificateAuthority == .data(Array("Hello".utf8)))
        #expect(admin.clientCertificate == .file("/etc/k/pki/admin.crt"))
        #expect(admin.clientKey == .file("/abs/admin.key"))
        #expect(admin.namespace == "team")
        // What was never in a file cannot be read from there again.
        #expect(admin.source == nil)
        let robot = try config.connection(context: "robot@two")
        #expect(robot.tokenFile == "/etc/k/token")
        #expect(robot.insecureSkipTLSVerify)
        #expect(robot.tlsServerName == "kube")
    }

    @Test(arguments: [
        ("cloud@one", "kubeconfig f: users: the user \"cloud\" logs in by an exec plugin, which is not supported"),
        ("lost", "kubeconfig f: clusters: there is no cluster named \"nowhere\""),
        ("none", "kubeconfig f: contexts: there is no context named \"none\""),
    ])
    func unusableContextsSayWhy(context: String, message: String) throws {
        let config = try Kubeconfig(parsing: whole, file: "f")
        let error = #expect(throws: KubeconfigError.self) { try config.connection(context: context) }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        ("- a", "kubeconfig f: must be a mapping"),
        ("kind: Pod", "kubeconfig f: kind must be Config, not Pod"),
        ("clusters: 5", "kubeconfig f: clusters: must be a list"),
        ("clusters: [{name: a}]", "kubeconfig f: clusters[0]: cluster is missing"),
        ("clusters: [{name: a, cluster: {}}]", "kubeconfig f: clusters[0].cluster: server is missing"),
        ("users: [{name: a, user: {client-key-data: '!!'}}]", "kubeconfig f: users[0].user.client-key-data: not base 64"),
        ("users: [{name: a, user: {client-key: x}}]", "kubeconfig f: users[0].user: client-key without client-certificate"),
        ("contexts: [{context: {cluster: x}}]", "kubeconfig f: contexts[0]: name is missing"),
        ("users: [{name: a, user: {token: [1]}}]", "kubeconfig f: users[0].user.token: must be a string"),
    ])
    func mistakesAreNamedWithTheirPlace(yaml: String, message: String) {
        let error = #expect(throws: KubeconfigError.self) { try Kubeconfig(parsing: yaml, file: "f") }
        #expect(error?.description == message)
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: KubeconfigError.self) { try Kubeconfig.load(path: "/nonexistent/config") }
        #expect(error?.description == "kubeconfig /nonexistent/config: No such file or directory")
    }

    @Test func notYAMLSaysSo() {
        let error = #expect(throws: KubeconfigError.self) { try Kubeconfig(parsing: "a: [", file: "f") }
        #expect(error?.description.hasPrefix("kubeconfig f: not YAML") == true)
    }

    @Test func podsFindTheirServer() {
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        let connection = ServerConnection.inCluster(environment: environment, folder: "/x")
        #expect(connection?.server == "https://[fd00::1]:443")
        #expect(connection?.tokenFile == "/x/token")
        #expect(ServerConnection.inCluster(environment: [:]) == nil)
    }
}
