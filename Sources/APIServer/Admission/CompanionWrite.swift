import JSON
import Storage

/// A change of another object that is made together with the one that admission judges, on condition that nobody else has changed it.
struct CompanionWrite: Sendable {
    let key: String
    /// The state that was judged by.
    let revision: Int64
    let value: [UInt8]

    /// - Parameter object: the object changed, with the `resourceVersion` of the state that was judged by.
    init(_ object: JSONValue, in storage: ObjectStorage) {
        key = storage.key(namespace: object.text("metadata", "namespace"), name: object.text("metadata", "name"))
        revision = Int64(object.text("metadata", "resourceVersion")) ?? 0
        var object = object
        object["metadata"]?["resourceVersion"] = nil
        value = CompareAndWrite.stored(object)
    }

    func join(_ transaction: inout Transaction) {
        transaction.conditions.append(Transaction.Condition(key: key, modRevision: revision))
        transaction.operations.append(.put(key: key, value: value))
    }
}
