import JSON
import KubernetesAPI

/// Name and namespace of an object must be those of the request's path; what the object leaves out is taken from there.
enum Identity {
    static func settle(_ object: inout JSONValue, _ info: RequestInfo, _ resource: ServedResource, creating: Bool) throws(APIStatus) {
        let namespaced = resource.type.namespaced
        if object["metadata"]?.objectValue == nil { object["metadata"] = [:] }
        let namespace = object.text("metadata", "namespace")
        if namespaced {
            if namespace.isEmpty {
                object["metadata"]?["namespace"] = .string(info.namespace)
            } else if namespace != info.namespace {
                throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
            }
        } else if object["metadata"]?["namespace"] != nil {
            // Namespaces are named in their own path twice.
            if !namespace.isEmpty, creating, resource.type.plural != "namespaces" {
                throw .badRequest("namespace is not allowed on this type")
            }
            object["metadata"]?["namespace"] = nil
        }
        guard !creating else { return }
        let name = object.text("metadata", "name")
        if name.isEmpty {
            throw .badRequest("name must be provided")
        } else if name != info.name {
            throw .badRequest("the name of the object (\(name)) does not match the name on the URL (\(info.name))")
        }
    }
}
