import JSON

/// What a list or watch request asks for, checked as upstream checks it.
struct ListQuery {
    enum Match: String { case exact = "Exact", notOlderThan = "NotOlderThan" }

    var limit = 0
    var token: ContinueToken?
    /// nil when the client names none.
    var revision: Int64?
    var match: Match?
    var timeoutSeconds: Int64?
    var allowBookmarks = false
    var sendInitialEvents: Bool?

    init() {}

    init(_ query: QueryItems, watch: Bool) throws(APIStatus) {
        let errors = FieldErrors()
        if let text = query["limit"], !text.isEmpty {
            guard let number = Int(text) else { throw Self.badNumber("limit", text) }
            limit = max(number, 0)
        }
        if let text = query["timeoutSeconds"], !text.isEmpty {
            guard let number = Int64(text) else { throw Self.badNumber("timeoutSeconds", text) }
            timeoutSeconds = number
        }
        allowBookmarks = query.bool("allowWatchBookmarks")
        if let text = query["sendInitialEvents"] { sendInitialEvents = text != "false" && text != "0" }
        let version = query["resourceVersion"] ?? ""
        if !version.isEmpty {
            guard let number = Int64(version), number >= 0 else {
                throw .badRequest(
                    "resourceVersion: Invalid value: \(goQuoted(version)): strconv.ParseUint: parsing \(goQuoted(version)): invalid syntax")
            }
            revision = number
        }
        let token = query["continue"] ?? ""
        checkMatch(query["resourceVersionMatch"] ?? "", watch: watch, hasToken: !token.isEmpty, errors)
        if !errors.isEmpty { throw .invalid(group: "meta.k8s.io", kind: "ListOptions", name: "", errors.list) }
        if !token.isEmpty, !watch {
            if let revision, revision != 0 { throw .badRequest("specifying resource version is not allowed when using continue") }
            self.token = try ContinueToken(token)
            revision = nil
        }
    }

    private mutating func checkMatch(_ text: String, watch: Bool, hasToken: Bool, _ errors: FieldErrors) {
        let path = FieldPath("resourceVersionMatch")
        func forbid(_ why: String) { errors.add(FieldError(.forbidden, path, why)) }
        if !text.isEmpty {
            match = Match(rawValue: text)
            if match == nil {
                errors.add(FieldError(.notSupported, path, value: .string(text), "supported values: \"Exact\", \"NotOlderThan\", \"\""))
            }
        }
        if watch {
            if sendInitialEvents != nil {
                if match == nil { forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan") }
                if match == .exact { forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan") }
            } else if match != nil {
                forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
            }
            return
        }
        if sendInitialEvents != nil {
            errors.add(FieldError(.forbidden, FieldPath("sendInitialEvents"), "sendInitialEvents is forbidden for list"))
        }
        guard match != nil else { return }
        if hasToken { forbid("resourceVersionMatch is forbidden when continue is provided") }
        if revision == nil { forbid("resourceVersionMatch is forbidden unless resourceVersion is provided") }
        if match == .exact, revision == 0 { forbid("resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"") }
    }

    private static func badNumber(_ field: String, _ text: String) -> APIStatus {
        .badRequest("strconv.ParseInt: parsing \(goQuoted(text)): invalid syntax")
    }
}
