/// What a client can read, from the `Accept` header.
struct AcceptHeader {
    /// The forms in which an object can be answered.
    enum Form: Equatable {
        case object
        /// `as=Table`; `v1` or `v1beta1`.
        case table(version: String)
        /// `as=PartialObjectMetadata` or `as=PartialObjectMetadataList`.
        case metadata(version: String)
    }

    var form: Form
    var pretty = false

    static let supported = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]

    /// The first of the client's wishes that can be met; nil when none can.
    /// - Parameter tables: whether the answer can be a table or metadata only.
    init?(_ header: String?, tables: Bool = true) {
        guard let header, !header.isEmpty, header != "application/json" else {
            form = .object
            return
        }
        for wish in header.split(separator: ",") {
            if let form = Self.form(of: wish, tables: tables) {
                self.form = form
                return
            }
        }
        return nil
    }

    private static func form(of wish: Substring, tables: Bool) -> Form? {
        var parts = wish.split(separator: ";").map { $0.trimmingSpaces.lowercasedIfNeeded }
        guard !parts.isEmpty else { return nil }
        let media = parts.removeFirst()
        guard media == "application/json" || media == "*/*" || media == "application/*" else { return nil }
        var parameters: [String: String] = [:]
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { parameters[String(pair[0])] = String(pair[1]) }
        }
        guard let kind = parameters["as"] else { return .object }
        let version = parameters["v"] ?? ""
        guard tables, parameters["g"] == "meta.k8s.io", version == "v1" || version == "v1beta1" else { return nil }
        switch kind {
        case "table": return .table(version: version)
        case "partialobjectmetadata", "partialobjectmetadatalist": return .metadata(version: version)
        default: return nil
        }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }

    fileprivate var lowercasedIfNeeded: String { lowercased() }
}
