/// What a request asks for, read from its method, path and query alone.
///
/// For `/api/v1/namespaces/ns/pods/p/log`: verb `get`, prefix `api`, version `v1`, namespace `ns`, resource `pods`, name `p`, subresource `log`,
/// parts `["pods", "p", "log"]`. For a path that names no resource only `verb` (the lower-case method) is set.
package struct RequestInfo: Sendable, Equatable {
    package var isResourceRequest: Bool
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, `proxy`, or the lower-case method.
    package var verb: String
    /// `api` or `apis`.
    package var apiPrefix: String
    /// Empty for the core group.
    package var apiGroup: String
    package var apiVersion: String
    /// Empty for cluster-scoped resources and for requests across all namespaces. For the resource `namespaces` it is the name itself.
    package var namespace: String
    package var resource: String
    package var subresource: String
    /// For `list` and `watch`: what a field selector `metadata.name=x` asks for, so that authorization can look at the name.
    package var name: String
    /// The path from the resource on, one element for each segment.
    package var parts: [String]
    /// For `list`: how many objects are asked for at most; 0: all.
    package var listLimit = 0
    /// For `watch`: whether it begins with the objects that there are.
    package var beginsWithList = false

    package init(
        isResourceRequest: Bool = false, verb: String = "", apiPrefix: String = "", apiGroup: String = "", apiVersion: String = "",
        namespace: String = "", resource: String = "", subresource: String = "", name: String = "", parts: [String] = []
    ) {
        self.isResourceRequest = isResourceRequest
        self.verb = verb
        self.apiPrefix = apiPrefix
        self.apiGroup = apiGroup
        self.apiVersion = apiVersion
        self.namespace = namespace
        self.resource = resource
        self.subresource = subresource
        self.name = name
        self.parts = parts
    }
}

extension RequestInfo {
    /// `pods` or `deployments.apps`.
    package var groupResource: String { apiGroup.isEmpty ? resource : "\(resource).\(apiGroup)" }
}
