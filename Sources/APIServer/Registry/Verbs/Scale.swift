import JSON
import KubernetesAPI
import NIOHTTP1

extension Registry {
    /// `scale`: the number of replicas, in a form that is the same for all kinds that have one.
    func scale(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) {
        guard let view = resource.strategy.scale else { throw .pathNotFound }
        let answer = try answer(request, resource, responder)
        switch request.info.verb {
        case "get":
            guard let entry = resource.storage.entry(namespace: request.info.namespace, name: request.info.name) else {
                throw resource.notFound(request.info.name)
            }
            answer.document(view.scale(of: entry.tree), 200)
        case "update":
            let options = try WriteOptions(request.query, kind: "UpdateOptions")
            var decode = Decode()
            let wanted = try decode.document(request.body, contentType: request.headers.first(name: "Content-Type"))
            try checkScale(wanted, request)
            try change(scaleChange(request, resource, view, options, answer, retries: .unlessVersioned) { _, _ in wanted })
        case "patch" where ApplyBody.isMeant(request):
            let options = try WriteOptions(request.query, kind: "PatchOptions", patch: .apply)
            let patch = try ApplyBody(request, options)
            try change(
                scaleChange(request, resource, view, options, answer, isApply: true) { scale, manager throws(APIStatus) in
                    try patch.check(group: "autoscaling", version: "v1", kind: "Scale", schema: manager.updater.schema)
                    return try manager.applied(patch.tree, to: scale, force: options.force)
                })
        case "patch":
            let options = try WriteOptions(request.query, kind: "PatchOptions", patch: .other)
            let patch = try PatchBody(request, schema: Schema.of(group: "autoscaling", version: "v1", kind: "Scale"))
            try change(scaleChange(request, resource, view, options, answer) { scale, _ throws(APIStatus) in try patch.apply(to: scale) })
        default:
            throw .methodNotAllowed
        }
    }

    private func checkScale(_ scale: JSONValue, _ request: APIRequest) throws(APIStatus) {
        let kind = scale.text("kind")
        if !kind.isEmpty, kind != "Scale" { throw .badRequest("expected Scale, got \(kind)") }
        let name = scale.text("metadata", "name")
        if !name.isEmpty, name != request.info.name {
            throw .badRequest("the name of the object (\(name)) does not match the name on the URL (\(request.info.name))")
        }
    }

    /// - Parameter make: the new scale from the old one; an applied one says who manages its fields.
    private func scaleChange(
        _ request: APIRequest, _ resource: ServedResource, _ view: ScaleView, _ options: WriteOptions, _ answer: Answer, isApply: Bool = false,
        retries: Change.Retries = .always,
        _ make: @escaping @Sendable (JSONValue, FieldManager) throws(APIStatus) -> JSONValue
    ) throws(APIStatus) -> Change {
        guard let schema = Schema.of(group: "autoscaling", version: "v1", kind: "Scale") else { throw .pathNotFound }
        let manager = FieldManager(
            name: FieldManagerName.of(request, options), subresource: "scale", apiVersion: ScaleFields.apiVersion, now: clock.timestamp,
            updater: FieldUpdater(apiVersion: ScaleFields.apiVersion, schema: schema))
        return Change(
            request: request, resource: resource, view: .inner(validates: true), options: options, answer: answer, retries: retries,
            completion: { answer.document(view.scale(of: $0), 200) }
        ) { current throws(APIStatus) in
            let fields = ScaleFields(current.at("metadata", "managedFields"), version: resource.type.apiVersion, view: view)
            var before = view.scale(of: current)
            before["metadata"]?["managedFields"] = fields?.scale.list
            let scale = try make(before, manager)
            let replicas = scale.at("spec", "replicas") ?? 0
            guard let number = replicas.integerValue, number >= 0 else {
                throw .invalid(
                    group: "autoscaling", kind: "Scale", name: request.info.name,
                    [FieldError(.invalid, FieldPath("spec.replicas"), value: replicas, "must be greater than or equal to 0")])
            }
            var object = current
            object.setPath(view.specReplicas[...], .integer(number))
            if let fields {
                var wanted = before
                wanted.setPath(["spec", "replicas"], .integer(number))
                let list = isApply ? scale.at("metadata", "managedFields") : manager.updated(wanted, live: before)
                if let managed = try? ManagedFields(list: list) { object["metadata"]?["managedFields"] = fields.merged(with: managed).list }
            }
            // The version that the client saw, if it says one.
            object["metadata"]?["resourceVersion"] = scale.at("metadata", "resourceVersion")
            return object
        }
    }
}

extension ScaleView {
    func scale(of object: JSONValue) -> JSONValue {
        var metadata: JSONValue = [:]
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            if let value = object.at("metadata", field) { metadata[field] = value }
        }
        var status: JSONValue = ["replicas": object.valueAtPath(statusReplicas[...]) ?? 0]
        let selector = selector(object)
        if !selector.isEmpty { status["selector"] = .string(selector) }
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
            "spec": ["replicas": object.valueAtPath(specReplicas[...]) ?? 0], "status": status,
        ]
    }
}
