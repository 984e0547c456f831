/// Lets a pod only where what it asks for is free.
struct NodeResourcesFitPlugin: FilterPlugin {
    let name = PluginName.nodeResourcesFit
    let helpfulEvents: ClusterEvent = [.nodeAdded, .nodeAllocatable, .podRemoved, .podChanged]

    func prepare(_ cycle: Cycle) -> FilterPreparation {
        .filter(Filter(requests: cycle.pod.requests, names: cycle.cache.resourceNames))
    }

    private struct Filter: NodeFilter {
        var requests: Resources
        var names: ResourceNames

        func rejection(of node: NodeInfo) -> Rejection? {
            let fits =
                Int64(node.pods.count) < node.allowedPods
                && isFree(requests.milliCPU, node.requested.milliCPU, node.allocatable.milliCPU)
                && isFree(requests.memory, node.requested.memory, node.allocatable.memory)
                && isFree(requests.ephemeralStorage, node.requested.ephemeralStorage, node.allocatable.ephemeralStorage)
                && requests.scalars.indices.allSatisfy {
                    isFree(requests.scalars[$0], node.requested.scalar($0), node.allocatable.scalar($0))
                }
            return fits ? nil : explain(node)
        }

        private func isFree(_ request: Int64, _ used: Int64, _ allocatable: Int64) -> Bool {
            request == 0 || request <= allocatable.saturatingSubtracting(used)
        }

        private func explain(_ node: NodeInfo) -> Rejection {
            var reasons: [Reason] = []
            // A request larger than the whole node stays too large, whoever leaves.
            var preemptionMayHelp = true
            if Int64(node.pods.count) >= node.allowedPods { reasons.append(.tooManyPods) }
            func check(_ resource: String, _ request: Int64, _ used: Int64, _ allocatable: Int64) {
                if isFree(request, used, allocatable) { return }
                reasons.append(.insufficient(resource: resource))
                if request > allocatable { preemptionMayHelp = false }
            }
            check("cpu", requests.milliCPU, node.requested.milliCPU, node.allocatable.milliCPU)
            check("memory", requests.memory, node.requested.memory, node.allocatable.memory)
            check("ephemeral-storage", requests.ephemeralStorage, node.requested.ephemeralStorage, node.allocatable.ephemeralStorage)
            for index in requests.scalars.indices {
                check(names.names[index], requests.scalars[index], node.requested.scalar(index), node.allocatable.scalar(index))
            }
            return Rejection(.nodeResourcesFit, reasons, preemptionMayHelp: preemptionMayHelp)
        }
    }
}

/// Prefers nodes with more CPU and memory left.
struct LeastAllocatedScore: ScorePlugin {
    let weight: Int64 = 1

    func prepare(_ cycle: Cycle, feasible: [NodeInfo]) -> (any NodeScorer)? {
        Scorer(milliCPU: cycle.pod.scoringCPU, memory: cycle.pod.scoringMemory)
    }

    private struct Scorer: NodeScorer {
        var milliCPU: Int64
        var memory: Int64

        func score(_ node: NodeInfo) -> Int64 {
            var sum: Int64 = 0
            var resources: Int64 = 0
            add(&sum, &resources, node.scoringCPU.saturatingAdding(milliCPU), node.allocatable.milliCPU)
            add(&sum, &resources, node.scoringMemory.saturatingAdding(memory), node.allocatable.memory)
            return resources == 0 ? 0 : sum / resources
        }

        private func add(_ sum: inout Int64, _ resources: inout Int64, _ used: Int64, _ allocatable: Int64) {
            guard allocatable > 0 else { return }
            resources += 1
            guard used <= allocatable else { return }
            let (product, overflow) = (allocatable - used).multipliedReportingOverflow(by: nodeScoreMax)
            sum += overflow ? nodeScoreMax : product / allocatable
        }
    }
}

/// Prefers nodes where CPU and memory would be used in the same proportion.
struct BalancedAllocationScore: ScorePlugin {
    let weight: Int64 = 1

    func prepare(_ cycle: Cycle, feasible: [NodeInfo]) -> (any NodeScorer)? {
        cycle.pod.isBestEffort ? nil : Scorer(milliCPU: cycle.pod.requests.milliCPU, memory: cycle.pod.requests.memory)
    }

    private struct Scorer: NodeScorer {
        var milliCPU: Int64
        var memory: Int64

        func score(_ node: NodeInfo) -> Int64 {
            guard node.allocatable.milliCPU > 0, node.allocatable.memory > 0 else { return nodeScoreMax }
            let cpu = fraction(node.requested.milliCPU.saturatingAdding(milliCPU), node.allocatable.milliCPU)
            let memory = fraction(node.requested.memory.saturatingAdding(memory), node.allocatable.memory)
            // The standard deviation of two numbers is half their distance.
            return Int64((1 - abs(cpu - memory) / 2) * Double(nodeScoreMax))
        }

        private func fraction(_ used: Int64, _ allocatable: Int64) -> Double { min(1, Double(used) / Double(allocatable)) }
    }
}
