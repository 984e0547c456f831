import APIServer
import KubernetesClient

/// Lets requests to a component's port in on the API server's word.
struct DelegatedAccess: Sendable {
    /// Paths for everybody; one that ends in `*` stands for all that begin so.
    let alwaysAllowed: [String]
    let reviews: DelegatedReviews

    func isOpen(_ path: String) -> Bool {
        alwaysAllowed.contains { allowed in
            allowed.hasSuffix("*") ? path.hasPrefix(allowed.dropLast()) : path == allowed
        }
    }

    /// Nil when the request may go on; else the answer.
    ///
    /// - Throws: when nobody can say what the user may see.
    func refusal(of request: APIRequest) async throws -> APIStatus? {
        guard let user = await user(of: request) else { return .unauthorized }
        guard try await reviews.allows(user, .path(request.path, verb: request.method.lowercased())) else {
            return APIStatus(
                code: 403, reason: "Forbidden",
                message: "forbidden: User \"\(user.name)\" cannot \(request.method.lowercased()) path \"\(request.path)\"")
        }
        return nil
    }

    private func user(of request: APIRequest) async -> ClientIdentity? {
        var certificate = request.connection?.certificate
        // Nobody stands in front of a component: the certificate counts as the client's own.
        if case .frontProxy(_, let own)? = certificate { certificate = own }
        switch certificate {
        case .verified(let user, _)?: return ClientIdentity(name: user.name, groups: user.groups)
        case .rejected?, .frontProxy?: return nil
        case .absent?, nil: break
        }
        guard let token = BearerCredential.token(in: request.headers) else { return .anonymous }
        return await reviews.identity(ofToken: token)
    }
}
