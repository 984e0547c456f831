/// What is asked of an authorizer: may this user do this?
package struct AuthorizationAttributes: Sendable, Hashable {
    package var user: UserInfo
    package var verb: String
    package var isResourceRequest: Bool
    package var apiGroup: String
    package var apiVersion: String
    package var resource: String
    package var subresource: String
    package var namespace: String
    package var name: String
    /// For requests that name no resource.
    package var path: String
    /// For lists and watches: the field selector as the client wrote it.
    package var fieldSelector: String?

    package init(
        user: UserInfo, verb: String, isResourceRequest: Bool = true, apiGroup: String = "", apiVersion: String = "", resource: String = "",
        subresource: String = "", namespace: String = "", name: String = "", path: String = ""
    ) {
        self.user = user
        self.verb = verb
        self.isResourceRequest = isResourceRequest
        self.apiGroup = apiGroup
        self.apiVersion = apiVersion
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
        self.path = path
    }

    package init(_ request: APIRequest) {
        let info = request.info
        self.init(
            user: request.user, verb: info.verb, isResourceRequest: info.isResourceRequest, apiGroup: info.apiGroup, apiVersion: info.apiVersion,
            resource: info.resource, subresource: info.subresource, namespace: info.namespace, name: info.name, path: request.path)
        if info.verb == "list" || info.verb == "watch" || info.verb == "deletecollection" { fieldSelector = request.query["fieldSelector"] }
    }

    /// Whether the request is for objects alone of which a field has this value.
    func selects(_ field: String, _ value: String) -> Bool {
        guard let fieldSelector else { return false }
        return fieldSelector.split(separator: ",").contains { $0 == "\(field)=\(value)" || $0 == "\(field)==\(value)" }
    }
}

extension AuthorizationAttributes {
    /// The answer to a request that nobody allows, in upstream's words.
    package func forbidden(reason: String) -> APIStatus {
        let why = reason.isEmpty ? refusal : "\(refusal): \(reason)"
        guard isResourceRequest else { return .forbidden(group: "", resource: "", name: "", why) }
        return .forbidden(group: apiGroup, resource: resource, name: name, why)
    }

    private var refusal: String {
        let who = goQuoted(user.name)
        guard isResourceRequest else { return "User \(who) cannot \(verb) path \(goQuoted(path))" }
        let what = subresource.isEmpty ? resource : "\(resource)/\(subresource)"
        let place = namespace.isEmpty ? "at the cluster scope" : "in the namespace \(goQuoted(namespace))"
        return "User \(who) cannot \(verb) resource \(goQuoted(what)) in API group \(goQuoted(apiGroup)) \(place)"
    }
}
