/// What nodes have in common, as numbers: nodes are many and alike, and a filter that knows its answer for one knows it for all of its class.
///
/// Belongs to one scheduler's core and is used by one task at a time.
final class NodeClasses {
    private var taints: [[TaintKey]: Int] = [[]: 0]
    private var lastVersion = 0
    private var selections: [String: SelectedNodes] = [:]
    /// Pods that wait at once rarely have more selectors than this; beyond it all are forgotten.
    private static let selectionsMax = 64

    /// Equal numbers for equal taints; zero for none. Never more numbers than there were different taints.
    func number(ofTaints keys: [TaintKey]) -> Int {
        if let known = taints[keys] { return known }
        let number = taints.count
        taints[keys] = number
        return number
    }

    /// A number that there was not before.
    func newVersion() -> Int {
        lastVersion += 1
        return lastVersion
    }

    /// The nodes that a selection is known to take or not, shared by all pods that select alike.
    func nodes(selectedBy selection: NodeSelection) -> SelectedNodes {
        if let known = selections[selection.text] { return known }
        if selections.count >= Self.selectionsMax { selections = [:] }
        let nodes = SelectedNodes(selection)
        selections[selection.text] = nodes
        return nodes
    }
}

/// Remembers which nodes a selection takes, for as long as they keep their labels.
final class SelectedNodes {
    private let selection: NodeSelection
    /// By the node's slot; of another version than the node's: not known.
    private var known: [(version: Int, isSelected: Bool)] = []

    init(_ selection: NodeSelection) {
        self.selection = selection
    }

    func contains(_ node: NodeInfo) -> Bool {
        let slot = node.slot
        if slot < known.count, known[slot].version == node.labelsVersion { return known[slot].isSelected }
        let isSelected = selection.matches(node)
        if slot >= known.count { known += Array(repeating: (0, false), count: slot + 1 - known.count) }
        known[slot] = (node.labelsVersion, isSelected)
        return isSelected
    }
}
