/// One resource of one group version, as discovery shows it.
struct ResourceDescription {
    var group: String
    var version: String
    var plural: String
    var kind: String
    var isNamespaced: Bool
    /// Sorted.
    var verbs: [String]
    var shortNames: [String]
    var categories: [String]
    var subresources: [SubresourceDescription]

    var singular: String { kind.lowercased() }
}

struct SubresourceDescription {
    var name: String
    /// Of the objects that are read and written there; the group version may differ from the resource's.
    var kind: GroupVersionKind
    /// Sorted.
    var verbs: [String]
}
