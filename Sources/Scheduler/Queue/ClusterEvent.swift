/// Changes of the cluster that may make room for a pod that found none.
struct ClusterEvent: OptionSet, Hashable, Sendable {
    let rawValue: UInt16

    static let nodeAdded = ClusterEvent(rawValue: 1 << 0)
    static let nodeLabels = ClusterEvent(rawValue: 1 << 1)
    static let nodeTaints = ClusterEvent(rawValue: 1 << 2)
    static let nodeAllocatable = ClusterEvent(rawValue: 1 << 3)
    static let nodeRemoved = ClusterEvent(rawValue: 1 << 4)
    /// A pod was placed, or the labels of one that is placed changed.
    static let podPlaced = ClusterEvent(rawValue: 1 << 5)
    static let podChanged = ClusterEvent(rawValue: 1 << 6)
    static let podRemoved = ClusterEvent(rawValue: 1 << 7)
    static let namespaceChanged = ClusterEvent(rawValue: 1 << 8)
    static let volumeChanged = ClusterEvent(rawValue: 1 << 9)

    static let all = ClusterEvent(rawValue: .max)
    /// Those that concern one node; which one is noted with them.
    static let onNode: ClusterEvent = [.nodeAdded, .nodeLabels, .nodeTaints, .nodeAllocatable, .podChanged, .podRemoved]
}
