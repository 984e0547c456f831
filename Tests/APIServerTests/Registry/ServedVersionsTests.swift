import JSON
import KubernetesAPI
import Logging
import Storage
import Testing

@testable import APIServer

@Suite("What is served")
struct ServedVersionsTests {
    @Test(
        "settings",
        arguments: [
            ([:], "apps/v1/deployments", true), ([:], "resource.k8s.io/v1beta1/resourceclaims", false),
            (["api/beta": "true"], "resource.k8s.io/v1beta1/resourceclaims", true),
            (["api/beta": "true"], "coordination.k8s.io/v1alpha2/leasecandidates", false),
            (["api/all": "true"], "coordination.k8s.io/v1alpha2/leasecandidates", true),
            (["api/all": "true", "resource.k8s.io/v1beta1": "false"], "resource.k8s.io/v1beta1/resourceclaims", false),
            (["resource.k8s.io/v1beta1": ""], "resource.k8s.io/v1beta1/resourceclaims", true),
            (["apps/v1/daemonsets": "false"], "apps/v1/daemonsets", false), (["apps/v1/daemonsets": "false"], "apps/v1/deployments", true),
            (["api/ga": "false", "api/v1": "true"], "v1/pods", true), (["api/ga": "false", "v1": "true"], "apps/v1/deployments", false),
        ] as [([String: String], String, Bool)])
    func settings(_ settings: [String: String], _ name: String, _ isServed: Bool) throws {
        let served = try ServedVersions(settings: settings)
        let resource = try #require(ResourceCatalog.builtIn.resources.first { "\($0.type.apiVersion)/\($0.type.plural)" == name })
        #expect(served.serves(resource.type) == isServed)
    }

    @Test("what is nothing is refused", arguments: [["apps/v9": "true"], ["apps/v1": "maybe"], ["api/gamma": "true"]])
    func mistakes(_ settings: [String: String]) {
        #expect(throws: ServedVersionsError.self) { try ServedVersions(settings: settings) }
    }

    @Test("an object in a version that is not the stored one")
    func beta() async throws {
        let server = try await TestServer(
            served: try ServedVersions(settings: ["resource.k8s.io/v1beta1": "true", "networking.k8s.io/v1beta1": "true"]))
        let claims = "/namespaces/default/resourceclaims"
        let made = try await server.created(
            "POST", "/apis/resource.k8s.io/v1beta1" + claims,
            ["metadata": ["name": "c"], "spec": ["devices": ["requests": [["name": "r", "deviceClassName": "gpu"]]]]])
        #expect(made.text("apiVersion") == "resource.k8s.io/v1beta1")
        #expect(made.list("spec", "devices", "requests")[0].number("count") == 1)
        let stable = try await server.get("/apis/resource.k8s.io/v1" + claims + "/c")
        #expect(
            stable.list("spec", "devices", "requests") == [
                ["name": "r", "exactly": ["deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 1]]
            ])
        let cidr = try await server.get("/apis/networking.k8s.io/v1beta1/servicecidrs/kubernetes")
        #expect(cidr.text("apiVersion") == "networking.k8s.io/v1beta1")
        #expect(await server.call("GET", "/apis/coordination.k8s.io/v1alpha2/leasecandidates").status == 404)
    }
}
