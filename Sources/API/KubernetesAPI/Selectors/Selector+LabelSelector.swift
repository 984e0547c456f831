package import JSON

extension Selector {
    /// From a `LabelSelector` of an object: none selects nothing, an empty one everything.
    package init(_ labelSelector: LabelSelector?) throws(SelectorError) {
        guard let labelSelector else {
            self = .nothing
            return
        }
        var requirements: [Requirement] = []
        for (key, value) in labelSelector.matchLabels.sorted(by: { $0.key < $1.key }) {
            requirements.append(try Requirement(key, .equals, [value]))
        }
        for expression in labelSelector.matchExpressions {
            requirements.append(try Requirement(expression.key, Operator(inLabelSelector: expression.operator), expression.values))
        }
        self.init(requirements: requirements)
    }

    /// From a `LabelSelector` as a tree: none (nil or null) selects nothing, an empty one everything.
    package init(labelSelector tree: JSONValue?) throws(SelectorError) {
        guard let tree, !tree.isNull else {
            self = .nothing
            return
        }
        let selector: LabelSelector
        do throws(JSONError) {
            selector = try LabelSelector(tree: tree)
        } catch {
            throw SelectorError(error.description)
        }
        self = try Selector(selector)
    }
}

extension Selector.Operator {
    fileprivate init(inLabelSelector name: String) throws(SelectorError) {
        switch name {
        case "In": self = .in
        case "NotIn": self = .notIn
        case "Exists": self = .exists
        case "DoesNotExist": self = .doesNotExist
        default: throw SelectorError("\(name.goQuoted) is not a valid label selector operator")
        }
    }
}
