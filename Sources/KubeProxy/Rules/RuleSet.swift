/// What our nftables table should contain, as values that can be compared. Names, rules and elements are in nftables' own language.
struct RuleSet: Sendable, Equatable {
    struct Chain: Sendable, Equatable {
        /// Where the kernel calls it, such as `type nat hook prerouting priority dstnat;`; nil for one that others jump to.
        var hook: String?
        var rules: [String] = []
    }

    struct NamedSet: Sendable, Equatable {
        /// Verdicts by key rather than keys alone.
        var isMap = false
        /// Type and flags. Never changes for one name.
        var definition: String
        /// Filled by the kernel while it works, not by us.
        var isDynamic = false
        /// Verdicts (empty in a plain set) by key, and a comment for people.
        var elements: [String: Element] = [:]
    }

    struct Element: Sendable, Equatable {
        var verdict = ""
        var comment = ""
    }

    var chains: [String: Chain] = [:]
    var sets: [String: NamedSet] = [:]
}
