/// Writes the commands for `nft -f` that lead from one rule set to another. The kernel takes all of them or none, at one moment.
struct RuleScript {
    /// The table's family and name, as upstream's proxy calls it: two proxies on one node would be a mistake.
    static let table = "ip kube-proxy"

    private(set) var text = ""

    /// What is in the kernel is `old`: only the differences. Empty when there are none.
    static func changes(from old: RuleSet, to new: RuleSet) -> String {
        var script = RuleScript()
        script.write(from: old, to: new)
        return script.text
    }

    /// In the kernel there may be a table with these chains and sets, with any content: the whole of `new`. Sets that the kernel fills are
    /// kept where they are still wanted, so that clients stay with their endpoints.
    static func whole(_ new: RuleSet, presentChains: [String], presentSets: [(name: String, isMap: Bool)]) -> String {
        var script = RuleScript()
        script.line("add table \(table) { comment \"rules for kube-proxy\"; }")
        script.line("flush table \(table)")
        var old = RuleSet()
        for name in presentChains { old.chains[name] = .init(hook: new.chains[name]?.hook, rules: []) }
        for set in presentSets {
            if let wanted = new.sets[set.name] {
                if !wanted.isDynamic { script.line("flush \(set.isMap ? "map" : "set") \(table) \(set.name)") }
                old.sets[set.name] = wanted
                old.sets[set.name]?.elements = [:]
            } else {
                old.sets[set.name] = .init(isMap: set.isMap, definition: "")
            }
        }
        script.write(from: old, to: new)
        return script.text
    }

    /// In the kernel there may be a table of which nothing is known: it is replaced.
    static func replacement(_ new: RuleSet) -> String {
        var script = RuleScript()
        script.line("add table \(table)")
        script.line("delete table \(table)")
        script.line("add table \(table) { comment \"rules for kube-proxy\"; }")
        script.write(from: RuleSet(), to: new)
        return script.text
    }

    private mutating func line(_ text: String) {
        self.text += text
        self.text += "\n"
    }

    private mutating func write(from old: RuleSet, to new: RuleSet) {
        let setNames = new.sets.keys.sorted()
        let chainNames = new.chains.keys.sorted()
        for name in setNames where old.sets[name] == nil {
            guard let set = new.sets[name] else { continue }
            line("add \(set.isMap ? "map" : "set") \(Self.table) \(name) { \(set.definition) }")
        }
        // All chains before all rules, since rules name chains.
        for name in chainNames where old.chains[name] == nil {
            line("add chain \(Self.table) \(name)\(new.chains[name]?.hook.map { " { \($0) }" } ?? "")")
        }
        for name in chainNames {
            guard let chain = new.chains[name], old.chains[name] != chain else { continue }
            if let before = old.chains[name], !before.rules.isEmpty { line("flush chain \(Self.table) \(name)") }
            for rule in chain.rules { line("add rule \(Self.table) \(name) \(rule)") }
        }
        for name in setNames { writeElements(name, from: old.sets[name], to: new.sets[name]) }
        // Emptied first, since they name each other.
        let gone = old.chains.keys.filter { new.chains[$0] == nil }.sorted()
        for name in gone { line("flush chain \(Self.table) \(name)") }
        for name in gone { line("delete chain \(Self.table) \(name)") }
        for (name, set) in old.sets.sorted(by: { $0.key < $1.key }) where new.sets[name] == nil {
            line("delete \(set.isMap ? "map" : "set") \(Self.table) \(name)")
        }
    }

    private mutating func writeElements(_ name: String, from old: RuleSet.NamedSet?, to new: RuleSet.NamedSet?) {
        let before = old?.elements ?? [:]
        let after = new?.elements ?? [:]
        let gone = before.filter { after[$0.key] != $0.value }.keys.sorted()
        let come = after.filter { before[$0.key] != $0.value }.sorted { $0.key < $1.key }
        if !gone.isEmpty { line("delete element \(Self.table) \(name) { \(gone.joined(separator: ", ")) }") }
        if !come.isEmpty {
            let texts = come.map { key, element in
                key + (element.comment.isEmpty ? "" : " comment \"\(element.comment)\"") + (element.verdict.isEmpty ? "" : " : \(element.verdict)")
            }
            line("add element \(Self.table) \(name) { \(texts.joined(separator: ", ")) }")
        }
    }
}
