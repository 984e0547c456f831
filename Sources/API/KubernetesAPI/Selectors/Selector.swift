package import JSON

/// A selection of objects by their labels: requirements that must all hold.
package struct Selector: Sendable, Equatable, CustomStringConvertible {
    package enum Operator: String, Sendable {
        case `in` = "in"
        case notIn = "notin"
        case equals = "="
        case doubleEquals = "=="
        case notEquals = "!="
        case greaterThan = ">"
        case lessThan = "<"
        case exists = "exists"
        case doesNotExist = "!"
    }

    package struct Requirement: Sendable, Equatable, CustomStringConvertible {
        package let key: String
        package let `operator`: Operator
        package let values: [String]

        /// Checks key and values.
        package init(_ key: String, _ `operator`: Operator, _ values: [String]) throws(SelectorError) {
            if let problem = Self.problem(key, `operator`, values) { throw SelectorError(problem) }
            self.init(unchecked: key, `operator`, values)
        }

        init(unchecked key: String, _ `operator`: Operator, _ values: [String]) {
            self.key = key
            self.operator = `operator`
            self.values = values
        }

        /// - Parameter value: of the label with the requirement's key; nil when there is none.
        package func matches(_ value: String?) -> Bool {
            switch `operator` {
            case .in, .equals, .doubleEquals: return value.map(values.contains) ?? false
            case .notIn, .notEquals: return !(value.map(values.contains) ?? false)
            case .exists: return value != nil
            case .doesNotExist: return value == nil
            case .greaterThan, .lessThan:
                guard let value, let number = Int64(value), values.count == 1, let limit = Int64(values[0]) else { return false }
                return `operator` == .greaterThan ? number > limit : number < limit
            }
        }

        package var description: String {
            switch `operator` {
            case .exists: key
            case .doesNotExist: "!\(key)"
            case .in, .notIn: "\(key) \(`operator`.rawValue) (\(values.sorted().joined(separator: ",")))"
            default: "\(key)\(`operator`.rawValue)\(values.sorted().joined(separator: ","))"
            }
        }
    }

    /// In the order of their keys.
    package let requirements: [Requirement]
    /// Whether nothing matches, whatever the requirements.
    package let matchesNothing: Bool

    /// All objects.
    package static let everything = Selector(requirements: [])
    /// No object.
    package static let nothing = Selector(requirements: [], matchesNothing: true)

    package init(requirements: [Requirement]) {
        self.init(requirements: requirements, matchesNothing: false)
    }

    private init(requirements: [Requirement], matchesNothing: Bool) {
        self.requirements = requirements.sorted { $0.key < $1.key }
        self.matchesNothing = matchesNothing
    }

    /// Objects that have all of these labels. The labels are not checked, since they stood in an object.
    package init(matching labels: [String: String]) {
        self.init(requirements: labels.map { Requirement(unchecked: $0.key, .equals, [$0.value]) })
    }

    package var isEmpty: Bool { requirements.isEmpty && !matchesNothing }

    package func matches(_ labels: [String: String]) -> Bool {
        matches { labels[$0] }
    }

    /// - Parameter labels: `metadata.labels` of a tree; members that are not strings count as absent.
    package func matches(_ labels: JSONObject) -> Bool {
        matches { labels[$0]?.stringValue }
    }

    /// - Parameter lookup: the value of a label, nil when there is none.
    package func matches(_ lookup: (String) -> String?) -> Bool {
        guard !matchesNothing else { return false }
        for requirement in requirements where !requirement.matches(lookup(requirement.key)) { return false }
        return true
    }

    /// The one value that a label must have to match, if there is one. Indexes use it.
    package func requiredValue(of key: String) -> String? {
        guard let requirement = requirements.first(where: { $0.key == key }), requirement.values.count == 1 else { return nil }
        switch requirement.operator {
        case .equals, .doubleEquals, .in: return requirement.values[0]
        default: return nil
        }
    }

    /// As it stands in a query; empty for everything.
    package var description: String { requirements.map(\.description).joined(separator: ",") }
}

/// What is wrong with a selector, in the words that clients know.
package struct SelectorError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension Selector.Requirement {
    /// What is wrong with a requirement; several problems stand in brackets.
    private static func problem(_ key: String, _ op: Selector.Operator, _ values: [String]) -> String? {
        var problems: [String] = []
        func invalid(_ path: String, _ value: String, _ detail: String) {
            let problem = "\(path): Invalid value: \(value): \(detail)"
            if !problems.contains(problem) { problems.append(problem) }
        }
        let list = String(decoding: JSONValue(values).serialized(), as: UTF8.self)
        let keyProblems = NameValidation.qualifiedName(key)
        if !keyProblems.isEmpty { invalid("key", key.goQuoted, keyProblems.joined(separator: "; ")) }
        switch op {
        case .in, .notIn:
            if values.isEmpty { invalid("values", list, "for 'in', 'notin' operators, values set can't be empty") }
        case .equals, .doubleEquals, .notEquals:
            if values.count != 1 { invalid("values", list, "exact-match compatibility requires one single value") }
        case .exists, .doesNotExist:
            if !values.isEmpty { invalid("values", list, "values set must be empty for exists and does not exist") }
        case .greaterThan, .lessThan:
            if values.count != 1 { invalid("values", list, "for 'Gt', 'Lt' operators, exactly one value is required") }
            for (i, value) in values.enumerated() where Int64(value) == nil {
                invalid("values[\(i)]", value.goQuoted, "for 'Gt', 'Lt' operators, the value must be an integer")
            }
        }
        for (i, value) in values.enumerated() {
            let valueProblems = NameValidation.labelValue(value)
            if !valueProblems.isEmpty { invalid("values[\(i)][\(key)]", value.goQuoted, valueProblems.joined(separator: "; ")) }
        }
        return problems.count > 1 ? "[\(problems.joined(separator: ", "))]" : problems.first
    }
}
