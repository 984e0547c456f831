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
        if let text = query["sendInitialEvents"], !text.isEmpty { sendInitialEvents = text != "false" && text != "0" }
        let token = query["continue"] ?? ""
        let version = query["resourceVersion"] ?? ""
        let given = query["resourceVersionMatch"] ?? ""
        if watch {
            checkWatch(given, hasToken: !token.isEmpty, errors)
        } else {
            checkList(given, version: version, hasToken: !token.isEmpty, errors)
        }
        if !errors.isEmpty { throw .invalid(group: "meta.k8s.io", kind: "ListOptions", name: "", errors.list) }
        match = Match(rawValue: given)
        if !token.isEmpty, !watch {
            // Before anything is said of the version, which must not be there.
            self.token = try ContinueToken(token)
            if !version.isEmpty, version != "0" { throw .badRequest("specifying resource version is not allowed when using continue") }
            return
        }
        revision = try Self.revision(version, prefix: watch ? "" : "invalid resource version: ")
        if watch, sendInitialEvents == nil, match == nil, revision ?? 0 == 0 {
            // Watches from before there was this option begin with what there is, too.
            sendInitialEvents = true
        }
        // Any revision will do, so there is no list that a next part could belong to.
        if !watch, revision == 0 { limit = 0 }
    }

    /// Nil when none is given.
    static func revision(_ text: String, prefix: String = "") throws(APIStatus) -> Int64? {
        if text.isEmpty { return nil }
        guard let number = Int64(text), number >= 0, !text.hasPrefix("+"), !text.hasPrefix("-") else {
            throw .badRequest(
                "\(prefix)resourceVersion: Invalid value: \(goQuoted(text)): strconv.ParseUint: parsing \(goQuoted(text)): invalid syntax")
        }
        return number
    }

    private static let matchPath = FieldPath("resourceVersionMatch")

    private func checkList(_ match: String, version: String, hasToken: Bool, _ errors: FieldErrors) {
        func forbid(_ why: String) { errors.add(FieldError(.forbidden, Self.matchPath, why)) }
        if !match.isEmpty {
            if version.isEmpty { forbid("resourceVersionMatch is forbidden unless resourceVersion is provided") }
            if hasToken { forbid("resourceVersionMatch is forbidden when continue is provided") }
            if Match(rawValue: match) == nil {
                errors.add(FieldError(.notSupported, Self.matchPath, value: .string(match), #"supported values: "Exact", "NotOlderThan", """#))
            }
            if match == Match.exact.rawValue, version == "0" {
                forbid(#"resourceVersionMatch "exact" is forbidden for resourceVersion "0""#)
            }
        }
        if sendInitialEvents != nil {
            errors.add(FieldError(.forbidden, FieldPath("sendInitialEvents"), "sendInitialEvents is forbidden for list"))
        }
    }

    private func checkWatch(_ match: String, hasToken: Bool, _ errors: FieldErrors) {
        func forbid(_ why: String) { errors.add(FieldError(.forbidden, Self.matchPath, why)) }
        let wanted = Match.notOlderThan.rawValue
        if sendInitialEvents != nil, match != wanted { forbid("sendInitialEvents requires setting resourceVersionMatch to \(wanted)") }
        if match.isEmpty { return }
        if sendInitialEvents == nil { forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided") }
        if match != wanted {
            errors.add(FieldError(.notSupported, Self.matchPath, value: .string(match), #"supported values: "\#(wanted)""#))
        }
        if hasToken { forbid("resourceVersionMatch is forbidden when continue is provided") }
    }

    private static func badNumber(_ field: String, _ text: String) -> APIStatus {
        .badRequest("strconv.ParseInt: parsing \(goQuoted(text)): invalid syntax")
    }
}
