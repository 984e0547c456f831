/// Containers and sandboxes that the runtime's events call ended while its answers still call them running. Tells when to look again: soon at
/// first, then less often, and in the end leaves it to the regular listing.
struct EndedContainers {
    private static let looksMax = 8

    private var looks: [String: Int] = [:]

    mutating func add(_ ids: Set<String>) {
        for id in ids { looks[id] = 0 }
    }

    /// - Returns: the pause until the next look; nil when there is nothing (more) to wait for.
    mutating func check(_ observed: ObservedPod) -> Duration? {
        guard !looks.isEmpty else { return nil }
        var alive = Set(observed.running.map(\.id))
        for sandbox in observed.sandboxes where sandbox.isReady { alive.insert(sandbox.id) }
        var pause: Duration?
        for (id, count) in looks {
            guard alive.contains(id), count < EndedContainers.looksMax else {
                looks[id] = nil
                continue
            }
            looks[id] = count + 1
            let own = Duration.milliseconds(10 << count)
            pause = pause.map { min($0, own) } ?? own
        }
        return pause
    }
}
