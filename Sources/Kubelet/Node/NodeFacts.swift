import KubernetesAPI

/// What pods may be told about their node.
struct NodeFacts: Sendable {
    var name: String
    /// The node's addresses, the primary one first.
    var addresses: [String]
    var allocatable: [String: Quantity] = [:]
    /// Bytes of memory of the machine.
    var memoryCapacity: Int64 = 0
}
