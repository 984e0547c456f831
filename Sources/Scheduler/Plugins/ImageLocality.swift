import CoreV1

/// Prefers nodes that have the pod's images already, more so the larger they are.
struct ImageLocalityScore: ScorePlugin {
    let weight: Int64 = 1

    /// Bytes of images below which a node gets nothing, and per container above which it gets everything.
    static let sizeMin: Int64 = 23 << 20
    static let sizeMaxPerContainer: Int64 = 1000 << 20

    func prepare(_ cycle: Cycle, feasible: [NodeInfo]) -> (any NodeScorer)? {
        let spec = cycle.pod.pod.spec
        let images = (spec.initContainers + spec.containers).compactMap(\.image).map(Self.normalized)
        let present = images.compactMap { image in
            cycle.cache.imageNodes[image].map { (image, Double($0) / Double(max(1, cycle.cache.nodes.count))) }
        }
        return present.isEmpty ? nil : Scorer(images: present, containers: Int64(images.count))
    }

    /// Without a tag an image is its `latest`.
    static func normalized(_ name: String) -> String {
        let colon = name.lastIndex(of: ":")
        let slash = name.lastIndex(of: "/")
        if let colon, slash.map({ colon > $0 }) ?? true { return name }
        return name + ":latest"
    }

    private struct Scorer: NodeScorer {
        /// Images that some node has, and the share of nodes that has them: what is everywhere should not pull.
        var images: [(name: String, share: Double)]
        var containers: Int64

        func score(_ node: NodeInfo) -> Int64 {
            if node.images.isEmpty { return 0 }
            var sum: Int64 = 0
            for image in images {
                guard let size = node.images[image.name] else { continue }
                // Exact for every size that exists; a nonsensical one is cut to the limit below.
                sum = sum.saturatingAdding(Int64(min(Double(size) * image.share, 1e15)))
            }
            let sizeMax = ImageLocalityScore.sizeMaxPerContainer * containers
            let clamped = min(max(sum, ImageLocalityScore.sizeMin), sizeMax)
            return nodeScoreMax * (clamped - ImageLocalityScore.sizeMin) / (sizeMax - ImageLocalityScore.sizeMin)
        }
    }
}
