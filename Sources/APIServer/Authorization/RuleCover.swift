/// Whether rules that somebody holds include rules that somebody is about to hand out.
enum RuleCover {
    /// What of `wanted` the rules in `held` do not include, in pieces of one verb and one resource or path.
    static func missing(_ wanted: [PolicyRule], in held: [PolicyRule]) -> [PolicyRule] {
        var missing: [PolicyRule] = []
        for rule in wanted {
            for piece in pieces(of: rule) where !held.contains(where: { covers($0, piece) }) && !missing.contains(piece) { missing.append(piece) }
        }
        return missing
    }

    private static func pieces(of rule: PolicyRule) -> [PolicyRule] {
        var pieces: [PolicyRule] = []
        for verb in rule.verbs {
            for group in rule.apiGroups {
                for resource in rule.resources {
                    let names: [[String]] = rule.resourceNames.isEmpty ? [[]] : rule.resourceNames.map { [$0] }
                    for name in names {
                        pieces.append(PolicyRule(verbs: [verb], apiGroups: [group], resources: [resource], resourceNames: name))
                    }
                }
            }
            for url in rule.nonResourceURLs { pieces.append(PolicyRule(verbs: [verb], nonResourceURLs: [url])) }
        }
        return pieces
    }

    private static func covers(_ held: PolicyRule, _ piece: PolicyRule) -> Bool {
        guard contains(held.verbs, piece.verbs[0]) else { return false }
        if let url = piece.nonResourceURLs.first { return held.nonResourceURLs.contains { PolicyRule.url($0, covers: url) } }
        guard let group = piece.apiGroups.first, let resource = piece.resources.first, contains(held.apiGroups, group) else { return false }
        let anyOfSubresource = resource.split(separator: "/").dropFirst().first.map { "*/\($0)" }
        guard contains(held.resources, resource) || anyOfSubresource.map({ held.resources.contains($0) }) ?? false else { return false }
        guard let name = piece.resourceNames.first else { return held.resourceNames.isEmpty }
        return held.resourceNames.isEmpty || held.resourceNames.contains(name)
    }

    private static func contains(_ texts: [String], _ text: String) -> Bool {
        texts.contains("*") || texts.contains(text)
    }
}
