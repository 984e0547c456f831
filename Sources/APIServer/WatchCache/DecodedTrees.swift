import JSON
import Synchronization

/// A decoded object. Whoever holds it keeps it; the entries only know of it.
final class DecodedTree: Sendable {
    let value: JSONValue

    init(_ value: JSONValue) {
        self.value = value
    }
}

/// Keeps the trees that were made last. A tree is three times the size of its bytes: kept for every object that a selector ever looked at, they
/// would be most of the server's memory.
final class DecodedTrees: Sendable {
    static let treesMax = 1024
    static let shared = DecodedTrees()

    private let state = Mutex((trees: [DecodedTree](), next: 0))

    func keep(_ tree: DecodedTree) {
        let dropped: DecodedTree? = state.withLock { state in
            guard state.trees.count == Self.treesMax else {
                state.trees.append(tree)
                return nil
            }
            let dropped = state.trees[state.next]
            state.trees[state.next] = tree
            state.next = (state.next + 1) % Self.treesMax
            return dropped
        }
        _ = dropped  // taken apart here, outside the lock
    }
}
