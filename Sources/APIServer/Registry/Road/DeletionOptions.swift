import JSON
import NIOHTTP1

/// What a delete request asks for, from its body and query.
struct DeletionOptions: Sendable {
    enum Propagation: String, Sendable { case orphan = "Orphan", background = "Background", foreground = "Foreground" }

    var gracePeriodSeconds: Int64?
    var propagation: Propagation?
    /// The old way of saying `Orphan` or `Background`.
    var orphanDependents: Bool?
    var uid: String?
    var resourceVersion: String?
    var dryRun = false

    init() {}

    init(_ request: APIRequest) throws(APIStatus) {
        dryRun = try WriteOptions(request.query, kind: "DeleteOptions").dryRun
        var propagationText = request.query["propagationPolicy"] ?? ""
        if let text = request.query["gracePeriodSeconds"], !text.isEmpty {
            guard let seconds = Int64(text) else { throw .badRequest("strconv.ParseInt: parsing \(goQuoted(text)): invalid syntax") }
            gracePeriodSeconds = seconds
        }
        if request.query["orphanDependents"] != nil { orphanDependents = request.query.bool("orphanDependents") }
        if !request.body.isEmpty {
            var decode = Decode()
            let body = try decode.document(request.body, contentType: request.headers.first(name: "Content-Type"))
            try read(body, &propagationText)
        }
        try check(propagationText)
    }

    /// From an options object inside another request (eviction).
    init(_ options: JSONValue) throws(APIStatus) {
        var text = ""
        try read(options, &text)
        try check(text)
    }

    private mutating func read(_ body: JSONValue, _ propagationText: inout String) throws(APIStatus) {
        let kind = body.text("kind")
        if !kind.isEmpty, kind != "DeleteOptions" {
            throw .badRequest("\(kind) in version \(goQuoted(body.text("apiVersion"))) cannot be handled as a DeleteOptions: unexpected kind")
        }
        if let seconds = body["gracePeriodSeconds"]?.integerValue { gracePeriodSeconds = seconds }
        if let orphan = body["orphanDependents"]?.boolValue { orphanDependents = orphan }
        if !body.text("propagationPolicy").isEmpty { propagationText = body.text("propagationPolicy") }
        uid = body.at("preconditions", "uid")?.stringValue
        resourceVersion = body.at("preconditions", "resourceVersion")?.stringValue
        if !body.list("dryRun").isEmpty {
            guard body.list("dryRun") == ["All"] else {
                throw .invalid(
                    group: "meta.k8s.io", kind: "DeleteOptions", name: "",
                    [FieldError(.notSupported, FieldPath("dryRun"), value: body["dryRun"], "supported values: \"All\"")])
            }
            dryRun = true
        }
    }

    private mutating func check(_ propagationText: String) throws(APIStatus) {
        let path = FieldPath("propagationPolicy")
        var errors: [FieldError] = []
        if !propagationText.isEmpty {
            propagation = Propagation(rawValue: propagationText)
            if propagation == nil {
                errors.append(
                    FieldError(
                        .notSupported, path, value: .string(propagationText),
                        "supported values: \"Background\", \"Foreground\", \"Orphan\""))
            }
            if orphanDependents != nil {
                errors.append(
                    FieldError(
                        .invalid, path, value: .string(propagationText), "orphanDependents and deletionPropagation cannot be both set"))
            }
        }
        if !errors.isEmpty { throw .invalid(group: "meta.k8s.io", kind: "DeleteOptions", name: "", errors) }
    }

    /// The finalizers of an object that is deleted this way: the garbage collector's orders are added and taken away.
    func finalizers(of object: JSONValue, orphansByDefault: Bool) -> [JSONValue] {
        let now = object.list("metadata", "finalizers")
        let orphan: Bool
        let foreground: Bool
        if let orphanDependents {
            orphan = orphanDependents
            foreground = false
        } else if let propagation {
            orphan = propagation == .orphan
            foreground = propagation == .foreground
        } else {
            foreground = now.contains("foregroundDeletion")
            orphan = !foreground && (now.contains("orphan") || orphansByDefault)
        }
        var finalizers = now.filter { $0 != "orphan" && $0 != "foregroundDeletion" }
        if orphan { finalizers.append("orphan") }
        if foreground { finalizers.append("foregroundDeletion") }
        return finalizers
    }
}
