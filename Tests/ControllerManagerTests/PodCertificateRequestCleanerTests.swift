import APIServer
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import PKI
import Testing

@testable import ControllerManager

/// Old requests for certificates of pods go, by the rights of the controller's own account.
@Suite(.timeLimit(.minutes(2))) struct PodCertificateRequestCleanerTests {
    private static let path = "/apis/certificates.k8s.io/v1beta1/namespaces/default/podcertificaterequests"
    private static let account = "podcertificaterequestcleaner"

    private func request(_ name: String) throws -> JSONValue {
        let pem = try SigningRequest.make(CertificateSpec.client(user: ""), key: .generate())
        let text = String(decoding: pem, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        return [
            "metadata": ["name": .string(name)],
            "spec": [
                "signerName": "example.com/pods", "podName": "p", "podUID": "pod-uid", "serviceAccountName": "robot",
                "serviceAccountUID": "sa-uid", "nodeName": "n1", "nodeUID": "node-uid", "stubPKCS10Request": .string(text),
            ],
        ]
    }

    @Test func whatIsOldGoes() async throws {
        let requests = try ["a", "b"].map { try request($0) }
        let served = try ServedVersions(settings: ["certificates.k8s.io/v1beta1/podcertificaterequests": "true"])
        try await SmallControlPlane.with(port: 16423, served: served) { plane in
            var made: Int64 = 0
            for request in requests {
                let created = try await plane.admin.post(path: Self.path, request)
                made = max(made, Time(created["metadata"]?["creationTimestamp"]?.stringValue ?? "")?.seconds ?? 0)
            }
            func names() async throws -> Int { try await plane.admin.get(path: Self.path)["items"]?.arrayValue?.count ?? -1 }
            func clean(_ seconds: Int64) async throws {
                let clock = ManualClock(startMicroseconds: (made + seconds) * 1_000_000)
                let client = plane.client(as: .serviceAccount(namespace: ControllerAccounts.namespace, name: Self.account))
                let context = ControllerContext(
                    client: client, informers: InformerFactory(client: client, time: clock.timeSource, logger: Logger(label: "test")),
                    time: clock.timeSource, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
                try await PodCertificateRequestCleaner(context).clean()
            }
            // The first of them may have been made a second before the last.
            try await clean(PodCertificateRequestCleaner.keptSeconds - 10)
            #expect(try await names() == 2)
            try await clean(PodCertificateRequestCleaner.keptSeconds)
            #expect(try await names() == 0)
        }
    }

    /// As with upstream, where the feature is off the account has no rights, for there is nothing to have rights on.
    @Test func whereTheyAreNotServedNobodyHasRightsOnThem() async throws {
        try await SmallControlPlane.with(port: 16424) { plane in
            await #expect(throws: APIStatusError.self) {
                try await plane.admin.get(path: "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:controller:\(Self.account)")
            }
        }
    }
}
