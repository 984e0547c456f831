import JSON
import KubernetesAPI
import NIOHTTP1

extension Registry {
    /// PATCH: a change of whatever is there. Made again on the newer state when somebody else was faster.
    func patch(_ request: APIRequest, _ resource: ServedResource, view: UpdateView, _ responder: any Responder) throws(APIStatus) {
        if ApplyBody.isMeant(request) {
            try apply(request, resource, view: view, responder)
            return
        }
        let options = try WriteOptions(request.query, kind: "PatchOptions", patch: .other)
        let answer = try answer(request, resource, responder)
        let patch = try PatchBody(request, schema: resource.schema)
        let info = request.info
        if options.fieldValidation == .strict, !patch.issues.isEmpty {
            throw .badRequest("error decoding patch: strict decoding error: \(patch.issues.joined(separator: ", "))")
        }
        try change(
            Change(request: request, resource: resource, view: view, options: options, answer: answer, retries: .always) {
                current throws(APIStatus) in
                let before = resource.fromStorage(current)
                var object = try patch.apply(to: before)
                var decode = Decode()
                object["apiVersion"] = before["apiVersion"]
                object["kind"] = before["kind"]
                object = try decode.conform(object, to: resource)
                var warnings: [String] = []
                try decode.enforce(options.fieldValidation, resource, warnings: &warnings)
                try Identity.settle(&object, info, resource, creating: false)
                resource.toStorage(&object)
                return object
            })
    }
}

/// The body of a PATCH request, read once and applied as often as needed.
struct PatchBody: Sendable {
    private enum Kind { case json(JSONPatch), merge(JSONValue), strategic(JSONValue, Schema) }

    private let kind: Kind
    /// What was sent twice.
    let issues: [String]

    static let accepted = [
        "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml",
    ]

    init(_ request: APIRequest, schema: Schema?) throws(APIStatus) {
        let media = Decode.media(request.headers.first(name: "Content-Type"))
        var decode = Decode()
        switch media {
        case "application/json-patch+json":
            let document = try Self.read(request.body, &decode)
            do throws(PatchError) {
                kind = .json(try JSONPatch(document))
            } catch {
                throw Self.refusal(error)
            }
        case "application/merge-patch+json":
            kind = .merge(try Self.read(request.body, &decode))
        case "application/strategic-merge-patch+json":
            guard let schema else { throw .unsupportedMediaType(supported: Self.accepted.filter { !$0.contains("strategic") }) }
            kind = .strategic(try Self.read(request.body, &decode), schema)
        default:
            throw .unsupportedMediaType(supported: Self.accepted)
        }
        issues = decode.issues
    }

    private static func read(_ body: [UInt8], _ decode: inout Decode) throws(APIStatus) -> JSONValue {
        do throws(APIStatus) {
            return try decode.document(body, contentType: "application/json")
        } catch {
            throw .badRequest("error decoding patch: \(error.message)")
        }
    }

    func apply(to object: JSONValue) throws(APIStatus) -> JSONValue {
        switch kind {
        case .json(let patch):
            do throws(PatchError) {
                return try patch.apply(to: object)
            } catch {
                throw Self.refusal(error)
            }
        case .merge(let patch):
            return JSONMergePatch.apply(patch, to: object)
        case .strategic(let patch, let schema):
            do throws(PatchError) {
                return try StrategicMergePatch.apply(patch, to: object, schema: schema)
            } catch {
                throw Self.refusal(error)
            }
        }
    }

    private static func refusal(_ error: PatchError) -> APIStatus {
        switch error.kind {
        case .malformed: .badRequest(error.description)
        case .notApplicable:
            APIStatus(
                code: 422, reason: "Invalid", message: "the server rejected our request due to an error in our request",
                details: APIStatus.Details(causes: [APIStatus.Cause(reason: "UnexpectedServerResponse", message: error.description)]))
        case .tooLarge: .requestEntityTooLarge(error.description)
        case .inconsistent: .internalError(error.description)
        }
    }
}
