import GRPCCore
import SwiftProtobuf

extension RuntimeClient: ImageService {
    private var stub: CRIImageService.Client<Transport> { CRIImageService.Client(wrapping: client) }

    package func listImages(_ filter: CRIImageFilter?) async throws -> [CRIImage] {
        let request = CRIListImagesRequest.with { if let filter { $0.filter = filter } }
        return try await call("ListImages", timeout: timeouts.standard) { try await stub.listImages(request, options: $0) }.images
    }

    package func imageStatus(_ image: CRIImageSpec) async throws -> CRIImage? {
        let answer = try await call("ImageStatus", of: image.image, timeout: timeouts.standard) {
            try await stub.imageStatus(.with { $0.image = image }, options: $0)
        }
        return answer.hasImage ? answer.image : nil
    }

    package func pullImage(_ image: CRIImageSpec, auth: CRIAuthConfig?, sandboxConfig: CRIPodSandboxConfig?) async throws -> String {
        let request = CRIPullImageRequest.with {
            $0.image = image
            if let auth { $0.auth = auth }
            if let sandboxConfig { $0.sandboxConfig = sandboxConfig }
        }
        return try await call("PullImage", of: image.image, timeout: timeouts.pull) { try await stub.pullImage(request, options: $0) }.imageRef
    }

    package func removeImage(_ image: CRIImageSpec) async throws {
        _ = try await call("RemoveImage", of: image.image, timeout: timeouts.standard) {
            try await stub.removeImage(.with { $0.image = image }, options: $0)
        }
    }

    package func imageFsInfo() async throws -> CRIImageFsInfoResponse {
        try await call("ImageFsInfo", timeout: timeouts.standard) { try await stub.imageFsInfo(.init(), options: $0) }
    }
}
