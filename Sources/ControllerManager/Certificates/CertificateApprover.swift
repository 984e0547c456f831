import CertificatesV1
import JSON
import KubernetesAPI
import KubernetesClient
import PKI

/// Approves the client certificates of kubelets for those whom authorization lets have them: a new node by the right `nodeclient`, a node
/// that renews its own by the right `selfnodeclient`.
struct CertificateApprover: Controller {
    static let name = "certificatesigningrequest-approving-controller"

    /// A right on `certificatesigningrequests` and what approving for its sake says.
    struct Recognition: Equatable {
        var subresource: String
        var message: String

        static let ownNode = Recognition(
            subresource: "selfnodeclient", message: "Auto approving self kubelet client certificate after SubjectAccessReview.")
        static let anyNode = Recognition(subresource: "nodeclient", message: "Auto approving kubelet client certificate after SubjectAccessReview.")
    }

    private let context: ControllerContext
    private let requests: Informer<CertificateSigningRequest>
    private let queue: WorkQueue<String>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        requests = context.informers.informer(CertificateSigningRequest.self)
        queue = WorkQueue(time: context.time)
        let queue = queue
        requests.addHandler(added: { queue.add($0.metadata.name ?? "") }, updated: { _, new in queue.add(new.metadata.name ?? "") })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 1, logger: context.logger) { [self] name in try await sync(name) }
    }

    private func sync(_ name: String) async throws {
        guard var request = requests.get(name), !request.isDecided, !request.isIssued else { return }
        let recognitions = Self.recognitions(of: request)
        for recognition in recognitions where try await isAllowed(request.spec, recognition) {
            request.add("Approved", reason: "AutoApproved", message: recognition.message)
            do {
                _ = try await context.client.update(request, subresource: "approval")
            } catch let error as APIStatusError where error.isNotFound {}
            return
        }
        // Somebody may be about to give the right.
        if !recognitions.isEmpty { queue.addRateLimited(name) }
    }

    /// As what a request is known; empty for requests that are none of this controller's business.
    static func recognitions(of request: CertificateSigningRequest) -> [Recognition] {
        guard request.spec.signerName == BuiltInSigner.kubeletClient.rawValue else { return [] }
        do {
            let asked = try SigningRequest(pem: request.spec.request)
            guard BuiltInSigner.kubeletClient.flaw(of: asked, usages: request.spec.usages) == nil else { return [] }
            return asked.commonName == request.spec.username ? [.ownNode, .anyNode] : [.anyNode]
        } catch {
            return []
        }
    }

    private func isAllowed(_ spec: CertificateSigningRequestSpec, _ recognition: Recognition) async throws -> Bool {
        var question: JSONValue = [
            "user": .string(spec.username ?? ""), "uid": .string(spec.uid ?? ""), "groups": .array(spec.groups.map { .string($0) }),
            "resourceAttributes": [
                "verb": "create", "group": "certificates.k8s.io", "version": "*", "resource": "certificatesigningrequests",
                "subresource": .string(recognition.subresource),
            ],
        ]
        if !spec.extra.isEmpty {
            var extra: JSONValue = [:]
            for (key, values) in spec.extra { extra[key] = .array(values.map { .string($0) }) }
            question["extra"] = extra
        }
        let answer = try await context.client.post(
            path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            ["apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": question])
        return answer["status"]?["allowed"]?.boolValue ?? false
    }
}
