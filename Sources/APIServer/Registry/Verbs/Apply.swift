import JSON
import KubernetesAPI
import NIOHTTP1

extension Registry {
    /// PATCH with `application/apply-patch+yaml`: the object shall have what the client says, and what it no longer says goes. Creates what is not there.
    func apply(_ request: APIRequest, _ resource: ServedResource, view: UpdateView, _ responder: any Responder) throws(APIStatus) {
        let options = try WriteOptions(request.query, kind: "PatchOptions", patch: .apply)
        var answer = try answer(request, resource, responder)
        let patch = try ApplyBody(request, options)
        if options.fieldValidation == .warn { answer.warnings += patch.issues }
        let info = request.info
        guard let manager = fieldManager(request, resource, options, subresource: info.subresource, now: clock.timestamp) else {
            throw .unsupportedMediaType(supported: PatchBody.accepted.filter { !$0.contains("apply") })
        }
        let kind = resource.type
        let make: @Sendable (JSONValue?) throws(APIStatus) -> JSONValue = { live throws(APIStatus) in
            try patch.check(group: kind.group, version: kind.version, kind: kind.kind, schema: manager.updater.schema)
            var object = try manager.applied(patch.tree, to: live, force: options.force)
            let list = object.at("metadata", "managedFields")
            var decode = Decode()
            object = try decode.conform(object, to: resource)
            object["metadata"]?["managedFields"] = list
            try Identity.settle(&object, info, resource, creating: false)
            resource.toStorage(&object)
            return object
        }
        var missing = Change.Missing.fail
        if case .object = view {
            missing = .apply { () throws(APIStatus) in
                let object = try make(nil)
                let uid = object.text("metadata", "uid")
                if !uid.isEmpty {
                    throw resource.conflict(
                        info.name, "uid mismatch: the provided object specified uid \(uid), and no existing object was found")
                }
                return object
            }
        }
        try change(
            Change(
                request: request, resource: resource, view: view, options: options, answer: answer, retries: .always, missing: missing,
                managers: .made
            ) { current throws(APIStatus) in
                try make(resource.fromStorage(current))
            })
    }
}

/// The body of an apply, read once.
struct ApplyBody: Sendable {
    static let mediaType = "application/apply-patch+yaml"

    let tree: JSONValue
    /// What was said twice.
    let issues: [String]

    static func isMeant(_ request: APIRequest) -> Bool { Decode.media(request.headers.first(name: "Content-Type")) == mediaType }

    init(_ request: APIRequest, _ options: WriteOptions) throws(APIStatus) {
        var decode = Decode()
        do throws(APIStatus) {
            tree = try decode.document(request.body, contentType: "application/yaml")
        } catch {
            throw .badRequest("error decoding patch: \(error.message)")
        }
        guard case .object = tree else {
            throw .badRequest(
                "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal \(Decode.goName(tree)) into Go value of type map[string]interface {}"
            )
        }
        issues = decode.issues
        if options.fieldValidation == .strict, !issues.isEmpty {
            throw .badRequest("error strict decoding patch: \(issues.joined(separator: ", "))")
        }
    }

    /// Whether the body is a configuration for objects of a kind.
    func check(group: String, version: String, kind: String, schema: Schema) throws(APIStatus) {
        let found = GroupVersionKind(apiVersion: tree.text("apiVersion"), kind: tree.text("kind"))
        let text = "\(found.group)/\(found.version), Kind=\(found.kind)"
        guard found == GroupVersionKind(group: group, version: version, kind: kind) else { throw .badRequest("invalid object type: \(text)") }
        if let list = tree.at("metadata", "managedFields"), !list.isNull { throw .badRequest("metadata.managedFields must be nil") }
        do throws(ApplyValidationError) {
            try ApplyValidation.check(tree, schema: schema)
        } catch {
            let object = "\(tree.text("metadata", "namespace"))/\(tree.text("metadata", "name")); \(text)"
            throw APIStatus(code: 500, reason: "", message: "failed to create typed patch object (\(object)): \(error)")
        }
    }
}
