import NIOHTTP1

/// Acting as another user (`kubectl --as`), for those who may.
package struct Impersonation: Sendable {
    private let authorizer: any Authorizer

    private static let userHeader = "Impersonate-User"
    private static let uidHeader = "Impersonate-Uid"
    private static let groupHeader = "Impersonate-Group"
    private static let extraPrefix = "impersonate-extra-"

    package init(authorizer: any Authorizer) {
        self.authorizer = authorizer
    }

    /// The user the request is to be handled as; nil when it asks for no other.
    ///
    /// - Throws: `APIStatus` when the headers make no sense or the requestor may not.
    package func impersonated(_ request: APIRequest) throws(APIStatus) -> UserInfo? {
        let name = request.headers.first(name: Self.userHeader) ?? ""
        let uid = request.headers.first(name: Self.uidHeader) ?? ""
        var groups = request.headers[Self.groupHeader]
        var extra: [String: [String]] = [:]
        for (header, value) in request.headers {
            // Most requests have none of these; look at one byte before the whole name.
            guard header.utf8.count > Self.extraPrefix.utf8.count, (header.utf8.first ?? 0) | 0x20 == UInt8(ascii: "i") else { continue }
            let lower = header.lowercased()
            guard lower.hasPrefix(Self.extraPrefix) else { continue }
            let key = percentDecoded(lower.dropFirst(Self.extraPrefix.count).utf8) ?? String(lower.dropFirst(Self.extraPrefix.count))
            extra[key, default: []].append(value)
        }
        if name.isEmpty {
            if uid.isEmpty && groups.isEmpty && extra.isEmpty { return nil }
            throw .internalError("requested uid, groups or extra without impersonating a user")
        }
        try check(request, name: name, uid: uid, groups: groups, extra: extra)
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 4, name.hasPrefix("system:serviceaccount:"), groups.isEmpty {
            groups = [UserInfo.serviceAccountsGroup, "\(UserInfo.serviceAccountsGroup):\(parts[2])"]
        }
        if name == UserInfo.anonymous.name {
            if !groups.contains(UserInfo.unauthenticatedGroup) { groups.append(UserInfo.unauthenticatedGroup) }
        } else if !groups.contains(UserInfo.authenticatedGroup), !groups.contains(UserInfo.unauthenticatedGroup) {
            groups.append(UserInfo.authenticatedGroup)
        }
        return UserInfo(name: name, uid: uid, groups: groups, extra: extra)
    }

    /// Takes the headers away, so that nothing behind acts on them again.
    package static func removeHeaders(_ headers: inout HTTPHeaders) {
        for name in [userHeader, uidHeader, groupHeader] { headers.remove(name: name) }
        for (name, _) in headers where name.lowercased().hasPrefix(extraPrefix) { headers.remove(name: name) }
    }

    private func check(_ requestor: APIRequest, name: String, uid: String, groups: [String], extra: [String: [String]]) throws(APIStatus) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 4, name.hasPrefix("system:serviceaccount:") {
            try check(requestor, resource: "serviceaccounts", namespace: parts[2], name: parts[3])
        } else {
            try check(requestor, resource: "users", name: name)
        }
        for group in groups { try check(requestor, resource: "groups", name: group) }
        if !uid.isEmpty { try check(requestor, group: "authentication.k8s.io", resource: "uids", name: uid) }
        for (key, values) in extra {
            for value in values { try check(requestor, group: "authentication.k8s.io", resource: "userextras", subresource: key, name: value) }
        }
    }

    private func check(
        _ requestor: APIRequest, group: String = "", resource: String, subresource: String = "", namespace: String = "", name: String
    ) throws(APIStatus) {
        let attributes = AuthorizationAttributes(
            user: requestor.user, verb: "impersonate", apiGroup: group, apiVersion: "v1", resource: resource, subresource: subresource,
            namespace: namespace, name: name)
        let decision = requestor.decision(attributes, by: authorizer)
        if !decision.isAllowed { throw attributes.forbidden(reason: decision.reason) }
    }
}
