import JSON

extension Strategy {
    static let controllerRevision = Strategy {
        $0.emptyStatus = nil
        $0.validate = { revision in
            revision["revision"].nonNegative()
            if !revision["data"].exists { revision["data"].required("data is mandatory") }
        }
        $0.validateUpdate = { revision, old in revision["data"].immutable(since: old["data"]) }
        $0.table = TableView([.name, .text("Controller"), .text("Revision"), .age]) { revision in
            let owner = revision.list("metadata", "ownerReferences").first { $0["controller"]?.boolValue == true }
            let controller = owner.map { owner in
                let kind = owner.text("kind").lowercased()
                let group = owner.text("apiVersion").split(separator: "/").dropLast().first.map(String.init) ?? ""
                return group.isEmpty ? "\(kind)/\(owner.text("name"))" : "\(kind).\(group)/\(owner.text("name"))"
            }
            return [.name, .text(controller ?? ""), .integer(revision.number("revision")), .age]
        }
    }
}
