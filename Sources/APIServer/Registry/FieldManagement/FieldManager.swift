import JSON
import KubernetesAPI

/// Keeps `metadata.managedFields` of one object through one write by one client.
///
/// Objects come in the version of the request, in which the fields are named.
struct FieldManager: Sendable {
    let name: String
    let subresource: String
    let apiVersion: String
    /// The time of the request.
    let now: String
    let updater: FieldUpdater
    /// A member of the object that need not be looked at, since the server puts it back.
    var passedOver: String?

    static let updateManagersMax = 10

    private var updating: ManagedFields.Manager {
        ManagedFields.Manager(name: name, isApply: false, apiVersion: apiVersion, subresource: subresource)
    }

    // MARK: Create

    /// The list of a new object, when nobody else has to be thought of.
    static func created(
        _ object: JSONValue, schema: Schema, excluded: String?, name: String, apiVersion: String, now: String
    ) -> JSONValue? {
        guard let fields = NewObjectFields.fieldsV1(of: object, schema: schema, excluded: excluded) else { return nil }
        let manager = ManagedFields.Manager(name: name, isApply: false, apiVersion: apiVersion, subresource: "")
        return .array([ManagedFields.item(manager, apiVersion: apiVersion, time: now, fieldsV1: fields)])
    }

    // MARK: Update

    /// The list of an object after a change.
    /// - Parameter new: the object as the client wants it, with the list that the client sent, if it sent one.
    func updated(_ new: JSONValue, live: JSONValue) -> JSONValue? {
        let liveList = live.at("metadata", "managedFields")
        let sent = subresource.isEmpty ? new.at("metadata", "managedFields") : .none
        if let sent, Self.isReset(sent) { return nil }
        // Clients that know nothing of the list, or send one that is none, don't change it.
        var list = liveList
        var given: ManagedFields?
        if let sent, sent != liveList, let managed = try? ManagedFields(list: sent), !managed.isEmpty {
            list = managed.list
            given = managed
        }
        // Objects without managers get some when they are first applied to.
        guard let list else { return nil }
        let old = live.withoutManagedFields
        let wanted = new.withoutManagedFields
        let comparison = FieldComparison(old: lookedAt(old), new: lookedAt(wanted), schema: updater.schema).filtered(updater.filter)
        if comparison.isEmpty { return list }
        let changed = comparison.changed.difference(FieldUpdater.system)
        if let quick = quickly(list, comparison, changed) { return quick }
        guard var managed = given ?? (try? ManagedFields(list: list)), !managed.isEmpty else { return nil }
        managed = updater.update(managed, old: old, new: wanted, comparison: comparison).others
        own(changed, in: &managed)
        cap(&managed)
        return managed.list
    }

    private func lookedAt(_ object: JSONValue) -> JSONValue {
        guard let passedOver, object[passedOver] != nil else { return object }
        var object = object
        object[passedOver] = nil
        return object
    }

    private func own(_ changed: FieldSet, in managed: inout ManagedFields) {
        guard !changed.isEmpty else { return }
        let before = managed.entries[updating]?.set ?? FieldSet()
        managed.entries[updating] = ManagedFields.Entry(set: changed.union(before), apiVersion: apiVersion, time: now)
    }

    /// The common write: a manager changes what it has changed before, and nobody else has it. Then nothing but the time is new, and no set needs to
    /// be read. nil when it is not so.
    private func quickly(_ list: JSONValue, _ comparison: FieldComparison, _ changed: FieldSet) -> JSONValue? {
        guard case .array(var items) = list else { return nil }
        var mine: Int?
        for (index, item) in items.enumerated() {
            guard let fields = item["fieldsV1"], item["apiVersion"]?.stringValue == apiVersion else { return nil }
            guard comparison.removed.isDisjoint(fromFieldsV1: fields) else { return nil }
            if item["manager"]?.stringValue == name, item["operation"]?.stringValue == "Update",
                (item["subresource"]?.stringValue ?? "") == subresource
            {
                guard changed.isSubset(ofFieldsV1: fields) else { return nil }
                mine = index
            } else if !comparison.changed.isDisjoint(fromFieldsV1: fields) {
                return nil
            }
        }
        if changed.isEmpty { return list }
        guard let mine else { return nil }
        var item = items.remove(at: mine)
        if item["time"]?.stringValue == now { return list }
        item["time"] = .string(now)
        // By time; of those of one moment, by name.
        let place = items.firstIndex { other in
            guard other["operation"]?.stringValue == "Update" else { return false }
            let (x, y) = (other["time"]?.stringValue ?? "", now)
            if x != y { return x > y }
            return (other["manager"]?.stringValue ?? "", other["subresource"]?.stringValue ?? "") > (name, subresource)
        }
        items.insert(item, at: place ?? items.count)
        return .array(items)
    }

    /// An empty list, or one empty entry, is how a client says that nobody shall manage anything any more.
    static func isReset(_ list: JSONValue) -> Bool {
        guard case .array(let items) = list else { return false }
        return items.isEmpty || (items.count == 1 && items[0].objectValue?.isEmpty == true)
    }

    /// Those who updated long ago become one, so that the list can't grow without end.
    private func cap(_ managed: inout ManagedFields) {
        let updaters = managed.entries.filter { !$0.key.isApply }.sorted { a, b in
            let (x, y) = (a.value.time ?? "", b.value.time ?? "")
            return x != y ? x < y : a.key < b.key
        }
        var count = updaters.count
        var firsts: [String: ManagedFields.Manager] = [:]
        for (manager, entry) in updaters where count > Self.updateManagersMax {
            let bucket = ManagedFields.Manager(
                name: FieldManagerName.ancientChanges, isApply: false, apiVersion: entry.apiVersion, subresource: "")
            guard let first = firsts[entry.apiVersion] else {
                firsts[entry.apiVersion] = manager
                continue
            }
            if managed.entries[bucket] == nil {
                managed.entries[bucket] = managed.entries[first]
                managed.entries[first] = nil
            }
            let gathered = managed.entries[bucket]?.set ?? FieldSet()
            managed.entries[manager] = nil
            managed.entries[bucket] = ManagedFields.Entry(set: gathered.union(entry.set), apiVersion: entry.apiVersion, time: entry.time)
            count -= 1
        }
    }

    // MARK: Apply

    /// Puts a configuration on top of an object.
    /// - Parameter live: the object, nil when there is none.
    /// - Returns: the object with its list.
    func applied(_ configuration: JSONValue, to live: JSONValue?, force: Bool) throws(APIStatus) -> JSONValue {
        var managed: ManagedFields
        do throws(FieldSetError) {
            managed = try ManagedFields(list: live?.at("metadata", "managedFields"))
        } catch {
            throw APIStatus(code: 500, reason: "", message: "failed to decode managed fields: \(error)")
        }
        let old = live?.withoutManagedFields ?? ["apiVersion": .string(apiVersion)]
        if managed.isEmpty, live != nil { beforeFirstApply(old, &managed) }
        let manager = ManagedFields.Manager(name: name, isApply: true, apiVersion: apiVersion, subresource: subresource)
        var result: (object: JSONValue, managed: ManagedFields)
        do throws(FieldConflicts) {
            result = try updater.apply(configuration, to: old, managed: managed, manager: manager, force: force)
        } catch {
            let left = name == FieldManagerName.kubectl ? LastApplied.conflicts(error, live: old, updater) : error
            guard left.conflicts.isEmpty else { throw .applyConflict(left) }
            do throws(FieldConflicts) {
                result = try updater.apply(configuration, to: old, managed: managed, manager: manager, force: true)
            } catch {
                throw .applyConflict(error)
            }
        }
        if result.object != old { result.managed.entries[manager]?.time = now }
        if name == FieldManagerName.kubectl { LastApplied.refresh(&result.object, configuration) }
        let list = result.managed.list
        if list != nil || result.object.at("metadata", "managedFields") != nil {
            if result.object["metadata"]?.objectValue == nil { result.object["metadata"] = [:] }
            result.object["metadata"]?["managedFields"] = list
        }
        return result.object
    }

    /// What was there before anybody kept books belongs to somebody, too.
    private func beforeFirstApply(_ live: JSONValue, _ managed: inout ManagedFields) {
        let all = FieldComparison(old: [:], new: live, schema: updater.schema).filtered(updater.filter).changed.difference(FieldUpdater.system)
        guard !all.isEmpty else { return }
        let manager = ManagedFields.Manager(
            name: FieldManagerName.beforeFirstApply, isApply: false, apiVersion: apiVersion, subresource: subresource)
        managed.entries[manager] = ManagedFields.Entry(set: all, apiVersion: apiVersion, time: now)
    }
}

extension JSONValue {
    var withoutManagedFields: JSONValue {
        guard at("metadata", "managedFields") != nil else { return self }
        var object = self
        object["metadata"]?["managedFields"] = nil
        return object
    }

    /// Whether two lists of managed fields differ in nothing but times.
    func equalsButForTimes(_ other: JSONValue) -> Bool {
        guard case .array(let a) = self, case .array(let b) = other, a.count == b.count else { return false }
        return zip(a, b).allSatisfy { x, y in
            ["manager", "operation", "apiVersion", "subresource", "fieldsType", "fieldsV1"].allSatisfy { x[$0] == y[$0] }
        }
    }
}

extension APIStatus {
    /// Somebody else manages what an apply wants to change.
    static func applyConflict(_ conflicts: FieldConflicts) -> APIStatus {
        let causes = conflicts.conflicts.map {
            Cause(reason: "FieldManagerConflict", message: "conflict with \($0.manager.description)", field: FieldSet.text($0.path))
        }
        return APIStatus(code: 409, reason: "Conflict", message: conflicts.message, details: Details(causes: causes))
    }
}
