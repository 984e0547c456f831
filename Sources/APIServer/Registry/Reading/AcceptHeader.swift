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
    var encoding: AnswerEncoding

    static let supported = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]

    /// The client's dearest wish that can be met, and of equal ones the first; nil when none can.
    /// - Parameters:
    ///   - stream: whether the answer is a stream of events, which has no form in YAML.
    ///   - pretty: whether JSON is to be laid out for people.
    init?(_ header: String?, stream: Bool = false, pretty: Bool = false) {
        guard let header, !header.isEmpty, header != "application/json" else {
            form = .object
            encoding = .json(pretty: pretty)
            return
        }
        var wishes = header.split(separator: ",").map { Wish($0) }
        if header.contains("q=") { wishes.sort { $0.quality > $1.quality } }
        for wish in wishes {
            guard let (form, encoding) = wish.meet(stream: stream, pretty: pretty) else { continue }
            self.form = form
            self.encoding = encoding
            return
        }
        return nil
    }

    /// One media range with its parameters.
    private struct Wish {
        let media: String
        let parameters: [String: String]

        init(_ text: Substring) {
            var parts = text.split(separator: ";").map { $0.trimmingSpaces.lowercasedIfNeeded }
            media = parts.isEmpty ? "" : parts.removeFirst()
            var parameters: [String: String] = [:]
            for part in parts {
                let pair = part.split(separator: "=", maxSplits: 1)
                if pair.count == 2 { parameters[String(pair[0])] = String(pair[1]) }
            }
            self.parameters = parameters
        }

        var quality: Double { parameters["q"].flatMap(Double.init) ?? 1 }

        func meet(stream: Bool, pretty: Bool) -> (Form, AnswerEncoding)? {
            guard let encoding = encoding(stream: stream, pretty: pretty) else { return nil }
            guard let kind = parameters["as"] else { return (.object, encoding) }
            let version = parameters["v"] ?? ""
            guard parameters["g"] == "meta.k8s.io", version == "v1" || version == "v1beta1" else { return nil }
            switch kind {
            case "table":
                // A table's cells are JSON.
                if case .protobuf = encoding { return nil }
                return (.table(version: version), encoding)
            case "partialobjectmetadata", "partialobjectmetadatalist": return (.metadata(version: version), encoding)
            default: return nil
            }
        }

        private func encoding(stream: Bool, pretty: Bool) -> AnswerEncoding? {
            switch media {
            case "application/json", "*/*", "application/*": .json(pretty: pretty && !stream)
            case "application/yaml": stream ? nil : .yaml
            case "application/vnd.kubernetes.protobuf": .protobuf
            default: nil
            }
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
