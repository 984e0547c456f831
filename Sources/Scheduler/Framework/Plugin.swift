/// What a plugin looks at: one pod, and the cluster as it is in this moment.
struct Cycle {
    let pod: PodInfo
    let cache: SchedulerCache
}

/// Decides which nodes a pod can go to.
protocol FilterPlugin: Sendable {
    /// Which changes of the cluster may turn this plugin's no into a yes.
    var helpfulEvents: ClusterEvent { get }
    var name: PluginName { get }
    /// Works out once what the pod means for all nodes.
    func prepare(_ cycle: Cycle) -> FilterPreparation
}

enum FilterPreparation {
    /// The pod asks for nothing that this plugin looks at.
    case skip
    case filter(any NodeFilter)
    /// Only these nodes come into question.
    case restricted(to: Set<String>, any NodeFilter)
    /// No node will do.
    case reject(String)
}

/// A prepared filter: says no to a node, or nil.
protocol NodeFilter {
    func rejection(of node: NodeInfo) -> Rejection?
}

/// Decides which of several possible nodes is best.
protocol ScorePlugin: Sendable {
    var weight: Int64 { get }
    /// Nil when all nodes would get the same.
    func prepare(_ cycle: Cycle, feasible: [NodeInfo]) -> (any NodeScorer)?
}

protocol NodeScorer {
    func score(_ node: NodeInfo) -> Int64
    /// Brings the scores of all nodes into 0...100.
    func normalize(_ scores: inout [Int64])
}

extension NodeScorer {
    func normalize(_ scores: inout [Int64]) {}
}

/// The best score of one plugin for one node.
let nodeScoreMax: Int64 = 100

/// Stretches scores so that the highest becomes 100; `reversed`: the lowest is best.
func normalizeByMaximum(_ scores: inout [Int64], reversed: Bool) {
    let maximum = scores.max() ?? 0
    for index in scores.indices {
        if maximum == 0 {
            scores[index] = reversed ? nodeScoreMax : scores[index]
        } else {
            let score = nodeScoreMax &* scores[index] / maximum
            scores[index] = reversed ? nodeScoreMax - score : score
        }
    }
}
