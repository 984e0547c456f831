import JSON
import KubernetesAPI

extension Registry {
    /// The doors to a part of an object, or to something that is done with it.
    func subresource(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) {
        let name = request.info.subresource
        let verb = request.info.verb
        let view: UpdateView
        switch name {
        case "status" where resource.subresources.contains("status"):
            view = .status
        case "scale" where resource.strategy.scale != nil:
            try scale(request, resource, responder)
            return
        case "binding" where resource.type.plural == "pods" && verb == "create":
            try bind(request, resource, responder)
            return
        case "eviction" where resource.type.plural == "pods" && verb == "create":
            try evict(request, resource, responder)
            return
        default:
            guard let door = resource.strategy.updateSubresources[name] else { throw .pathNotFound }
            view = .subresource(door)
        }
        switch verb {
        case "get": try get(request, resource, responder)
        case "update": try update(request, resource, view: view, responder)
        case "patch": try patch(request, resource, view: view, responder)
        default: throw .methodNotAllowed
        }
    }
}
