import JSON
import KubernetesAPI
import KubernetesClient

/// An object of any kind of which only the metadata matters.
struct PartialObject: KubernetesResource {
    /// A stand-in: `MetadataTransport` puts the real resource's path in its place.
    static let resource = ResourceType(
        group: "meta.k8s.io", version: "v1", kind: "PartialObjectMetadata", plural: "objects", singular: "object", namespaced: false)

    var metadata = ObjectMeta()

    private static let keys = JSONKeys("metadata")

    init() {}

    init(json r: inout JSONReader) throws(JSONError) {
        try r.beginObject()
        while true {
            switch try r.nextField(Self.keys) {
            case 0: try r.read(&metadata)
            case -1: return
            default: try r.skipValue()
            }
        }
    }

    func write(json w: inout JSONWriter) {
        w.beginObject()
        w.requiredField("metadata", metadata)
        w.endObject()
    }
}

/// Sends requests about `PartialObject` to a resource that is known only at run time, and asks for metadata alone.
struct MetadataTransport: Transport {
    private static let placeholder = PartialObject.resource.path(namespace: nil, name: nil, subresource: nil)

    let base: any Transport
    let resource: ResourceType

    func send(_ request: HTTPRequestData) async throws -> HTTPResponseData {
        try await base.send(redirected(request, accept: "PartialObjectMetadataList"))
    }

    func stream(
        _ request: HTTPRequestData
    ) async throws -> (status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>) {
        try await base.stream(redirected(request, accept: "PartialObjectMetadata"))
    }

    private func redirected(_ request: HTTPRequestData, accept: String) -> HTTPRequestData {
        var request = request
        if request.path.hasPrefix(Self.placeholder) {
            let path = resource.path(namespace: nil, name: nil, subresource: nil)
            request.path = path + request.path.dropFirst(Self.placeholder.count)
        }
        request.headers.removeAll { $0.0 == "Accept" }
        request.headers.append(("Accept", "application/json;as=\(accept);g=meta.k8s.io;v=v1,application/json"))
        return request
    }
}
