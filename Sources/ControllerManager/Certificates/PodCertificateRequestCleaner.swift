import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// Deletes requests for certificates of pods that are so old that whoever asked has taken the answer or given up.
struct PodCertificateRequestCleaner: Controller {
    static let name = "podcertificaterequest-cleaner-controller"
    static let period = Duration.seconds(300)
    /// How long requests stay, in seconds.
    static let keptSeconds: Int64 = 900
    static let resource = ResourceType(
        group: "certificates.k8s.io", version: "v1beta1", kind: "PodCertificateRequest", plural: "podcertificaterequests",
        singular: "podcertificaterequest", namespaced: true)

    private let context: ControllerContext
    private let client: Client

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        // Only their age matters, and they are looked at so seldom that nothing of them is kept here.
        client = Client(
            transport: MetadataTransport(base: self.context.client.transport, resource: Self.resource), userAgent: self.context.client.userAgent,
            time: context.time)
    }

    func run() async throws {
        while !Task.isCancelled {
            do {
                try await clean()
                try await context.time.sleep(Self.period)
            } catch is CancellationError { return }
        }
    }

    func clean() async throws(CancellationError) {
        do {
            for request in try await client.list(PartialObject.self, ListOptions(resourceVersion: "0")).items {
                guard let made = request.metadata.creationTimestamp, context.now - made.seconds >= Self.keptSeconds else { continue }
                await delete(request.metadata)
            }
        } catch {
            if Task.isCancelled { throw CancellationError() }
            context.logger.warning("cannot list requests for certificates of pods", metadata: ["error": "\(error)"])
        }
    }

    private func delete(_ metadata: ObjectMeta) async {
        let (namespace, name) = (metadata.namespace ?? "", metadata.name ?? "")
        let path = Self.resource.path(namespace: namespace, name: name, subresource: nil)
        // Not one that has come by the same name since.
        let options = DeleteOptions { $0.preconditions = Preconditions { $0.uid = metadata.uid } }
        do {
            _ = try await context.client.send("DELETE", path, options.jsonBytes())
        } catch let error as APIStatusError where error.isNotFound {
        } catch {
            context.logger.warning(
                "cannot delete a request for a certificate of a pod", metadata: ["request": "\(namespace)/\(name)", "error": "\(error)"])
        }
    }
}
