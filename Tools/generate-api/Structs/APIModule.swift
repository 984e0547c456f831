/// A Swift module of typed objects and the package of the OpenAPI document that it holds.
struct APIModule {
    var name: String
    var package: String
    /// Below Sources/API.
    var folder: String
    /// Types that are hand-written, generic in Swift, or not used by components.
    var excluded: Set<String> = []

    static let machinery = APIModule(
        name: "KubernetesAPI", package: "io.k8s.apimachinery.pkg.apis.meta.v1", folder: "KubernetesAPI/Generated", excluded: ["WatchEvent", "Patch"])

    static let all: [APIModule] =
        [machinery]
        + [
            ("CoreV1", "core.v1"), ("AppsV1", "apps.v1"), ("BatchV1", "batch.v1"), ("PolicyV1", "policy.v1"), ("DiscoveryV1", "discovery.v1"),
            ("NetworkingV1", "networking.v1"), ("EventsV1", "events.v1"), ("CoordinationV1", "coordination.v1"), ("RBACV1", "rbac.v1"),
            ("AuthenticationV1", "authentication.v1"), ("AuthorizationV1", "authorization.v1"), ("CertificatesV1", "certificates.v1"),
            ("SchedulingV1", "scheduling.v1"), ("NodeV1", "node.v1"), ("StorageV1", "storage.v1"), ("AutoscalingV1", "autoscaling.v1"),
            ("AutoscalingV2", "autoscaling.v2"),
        ].map { APIModule(name: $0.0, package: "io.k8s.api.\($0.1)", folder: $0.0) }
}
