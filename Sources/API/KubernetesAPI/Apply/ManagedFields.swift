package import JSON

/// Who manages which fields of an object: `metadata.managedFields`, read.
package struct ManagedFields: Sendable, Equatable {
    /// Whose entry it is. Somebody who applies has one entry whatever the version; somebody who updates has one for each version.
    package struct Manager: Hashable, Sendable {
        package var name: String
        package var isApply: Bool
        /// Empty for those who apply.
        package var apiVersion: String
        package var subresource: String

        package init(name: String, isApply: Bool, apiVersion: String, subresource: String) {
            self.name = name
            self.isApply = isApply
            self.apiVersion = isApply ? "" : apiVersion
            self.subresource = subresource
        }
    }

    package struct Entry: Sendable, Equatable {
        package var set: FieldSet
        /// The version in which the fields are named.
        package var apiVersion: String
        /// When the manager last changed something; nil when that is not known.
        package var time: String?

        package init(set: FieldSet, apiVersion: String, time: String? = nil) {
            self.set = set
            self.apiVersion = apiVersion
            self.time = time
        }
    }

    package var entries: [Manager: Entry] = [:]

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }

    /// The managers in the order in which messages name them.
    package var managers: [Manager] { entries.keys.sorted() }
}

extension ManagedFields.Manager: Comparable {
    package static func < (a: Self, b: Self) -> Bool {
        for (x, y) in [(a.name, b.name), (a.operation, b.operation), (a.apiVersion, b.apiVersion), (a.subresource, b.subresource)] {
            let order = byteOrder(x, y)
            if order != 0 { return order < 0 }
        }
        return false
    }

    package var operation: String { isApply ? "Apply" : "Update" }

    /// As messages about conflicts name it: `"kubelet" with subresource "status" using v1`.
    package var description: String {
        var text = name.goQuoted
        if !subresource.isEmpty { text += " with subresource \(subresource.goQuoted)" }
        if !isApply { text += " using \(apiVersion)" }
        return text
    }
}

// MARK: - The list in the object

extension ManagedFields {
    /// Reads the list of an object; absence is an empty list.
    package init(list: JSONValue?) throws(FieldSetError) {
        guard let list, !list.isNull else { return }
        guard case .array(let items) = list else { throw FieldSetError("managedFields is no list") }
        for (index, item) in items.enumerated() {
            let operation = item["operation"]?.stringValue ?? ""
            guard operation == "Apply" || operation == "Update" else { throw FieldSetError("operation must be `Apply` or `Update`") }
            let apiVersion = item["apiVersion"]?.stringValue ?? ""
            guard !apiVersion.isEmpty else { throw FieldSetError("apiVersion must not be empty") }
            switch item["fieldsType"]?.stringValue ?? "" {
            case "FieldsV1": break
            case "": throw FieldSetError("missing fieldsType in managed fields entry \(index)")
            case let other: throw FieldSetError("invalid fieldsType \(other.goQuoted) in managed fields entry \(index)")
            }
            let manager = Manager(
                name: item["manager"]?.stringValue ?? "", isApply: operation == "Apply", apiVersion: apiVersion,
                subresource: item["subresource"]?.stringValue ?? "")
            var set = FieldSet()
            if let fields = item["fieldsV1"], !fields.isNull { set = try FieldSet(fieldsV1: fields) }
            entries[manager] = Entry(set: set, apiVersion: apiVersion, time: item["time"]?.stringValue)
        }
    }

    /// The list as the object bears it: those who apply first, then by time; nil when nobody manages anything.
    package var list: JSONValue? {
        guard !entries.isEmpty else { return nil }
        let sorted = entries.sorted { a, b in
            if a.key.isApply != b.key.isApply { return a.key.isApply }
            let (x, y) = (a.value.seconds, b.value.seconds)
            if x != y { return x < y }
            let names = byteOrder(a.key.name, b.key.name)
            if names != 0 { return names < 0 }
            let versions = byteOrder(a.value.apiVersion, b.value.apiVersion)
            return versions != 0 ? versions < 0 : byteOrder(a.key.subresource, b.key.subresource) < 0
        }
        return .array(sorted.map { Self.item($0.key, apiVersion: $0.value.apiVersion, time: $0.value.time, fieldsV1: $0.value.set.fieldsV1) })
    }

    /// One element of the list.
    package static func item(_ manager: Manager, apiVersion: String, time: String?, fieldsV1: JSONValue) -> JSONValue {
        var members: [JSONObject.Element] = []
        members.reserveCapacity(7)
        members.append(("manager", .string(manager.name)))
        members.append(("operation", .string(manager.operation)))
        members.append(("apiVersion", .string(apiVersion)))
        if let time { members.append(("time", .string(time))) }
        members.append(("fieldsType", "FieldsV1"))
        members.append(("fieldsV1", fieldsV1))
        if !manager.subresource.isEmpty { members.append(("subresource", .string(manager.subresource))) }
        return .object(JSONObject(uniqueEntries: members))
    }
}

extension ManagedFields.Entry {
    /// For the order of the list.
    fileprivate var seconds: Int64 { time.flatMap { Time($0)?.seconds } ?? 0 }
}
