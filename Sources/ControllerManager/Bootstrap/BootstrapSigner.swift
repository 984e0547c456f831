import CoreV1
import Crypto
import KubernetesAPI
import KubernetesClient
import PKI

/// Signs the public description of the cluster with every bootstrap token, so that a new node that knows a token can tell that the description
/// is the true one before it believes anything else.
struct BootstrapSigner: Controller {
    static let name = "bootstrap-signer-controller"
    static let namespace = "kube-public"
    static let configMapName = "cluster-info"
    static let kubeconfigKey = "kubeconfig"
    static let signaturePrefix = "jws-kubeconfig-"

    private let context: ControllerContext
    private let configMaps: Informer<ConfigMap>
    private let secrets: Informer<Secret>
    private let queue: WorkQueue<String>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        configMaps = context.informers.informer(
            ConfigMap.self, namespace: Self.namespace, fieldSelector: "metadata.name=\(Self.configMapName)")
        secrets = context.informers.informer(Secret.self, namespace: BootstrapToken.namespace, fieldSelector: "type=\(BootstrapToken.secretType)")
        queue = WorkQueue(time: context.time)
        let queue = queue
        configMaps.addHandler(added: { _ in queue.add("") }, updated: { _, _ in queue.add("") })
        secrets.addHandler(added: { _ in queue.add("") }, updated: { _, _ in queue.add("") }, deleted: { _ in queue.add("") })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 1, logger: context.logger) { [self] _ in try await sync() }
    }

    private func sync() async throws {
        guard var current = configMaps.get(Self.configMapName, namespace: Self.namespace), let kubeconfig = current.data[Self.kubeconfigKey] else {
            return
        }
        let now = context.now
        let tokens = secrets.list().compactMap { BootstrapToken(signing: $0, now: now) }
        let data = Self.signed(current.data, kubeconfig: kubeconfig, tokens: tokens)
        // A signature goes with its token's end, which nobody announces.
        if let next = secrets.list().compactMap({ BootstrapToken.end($0) }).filter({ $0 > now }).min() {
            queue.add("", after: .seconds(next - now + 1))
        }
        guard data != current.data else { return }
        current.data = data
        _ = try await context.client.update(current)
    }

    /// The data with a signature of each token and none of others.
    static func signed(_ data: [String: String], kubeconfig: String, tokens: [BootstrapToken]) -> [String: String] {
        var data = data.filter { !$0.key.hasPrefix(signaturePrefix) }
        for token in tokens { data[signaturePrefix + token.id] = DetachedSignature.sign(Array(kubeconfig.utf8), id: token.id, secret: token.secret) }
        return data
    }
}

/// A JSON Web Signature (HS256) without the text that it signs: `header..signature`.
enum DetachedSignature {
    static func sign(_ content: [UInt8], id: String, secret: [UInt8]) -> String {
        let header = Base64URL.encode(Array(#"{"alg":"HS256","kid":"\#(id)"}"#.utf8))
        let message = Array("\(header).\(Base64URL.encode(content))".utf8)
        let code = HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: secret))
        return "\(header)..\(Base64URL.encode(Array(code)))"
    }
}
