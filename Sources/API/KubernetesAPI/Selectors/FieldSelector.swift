/// A selection of objects by fields: `metadata.name=a,status.phase!=Running`, all of which must hold.
package struct FieldSelector: Sendable, Equatable, CustomStringConvertible {
    package struct Requirement: Sendable, Equatable, CustomStringConvertible {
        package var field: String
        /// Whether the field must differ from the value.
        package var isNegated: Bool
        package var value: String

        package init(_ field: String, isNegated: Bool = false, _ value: String) {
            self.field = field
            self.isNegated = isNegated
            self.value = value
        }

        package var description: String { "\(field)\(isNegated ? "!=" : "=")\(FieldSelector.escaped(value))" }
    }

    package var requirements: [Requirement]

    package static let everything = FieldSelector(requirements: [])

    package init(requirements: [Requirement]) { self.requirements = requirements }

    /// Terms joined by commas; empty ones are passed over. In values, backslash, comma and equals sign are escaped with a backslash.
    package init(parsing text: String) throws(SelectorError) {
        requirements = []
        for term in Self.terms(of: text).sorted() where !term.isEmpty {
            guard let (field, isNegated, value) = Self.split(term) else {
                throw SelectorError("invalid selector: '\(text)'; can't understand '\(term)'")
            }
            requirements.append(Requirement(field, isNegated: isNegated, try Self.unescaped(value)))
        }
    }

    package var isEmpty: Bool { requirements.isEmpty }

    /// - Parameter lookup: the value of a field, empty when it is not set.
    package func matches(_ lookup: (String) -> String) -> Bool {
        for requirement in requirements where (lookup(requirement.field) == requirement.value) == requirement.isNegated { return false }
        return true
    }

    /// The one value that a field must have to match, if there is one. Indexes use it.
    package func requiredValue(of field: String) -> String? {
        requirements.first { $0.field == field && !$0.isNegated }?.value
    }

    /// As it stands in a query; empty for everything.
    package var description: String { requirements.map(\.description).joined(separator: ",") }

    package static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            if scalar == "\\" || scalar == "," || scalar == "=" { text += "\\" }
            text.unicodeScalars.append(scalar)
        }
        return text
    }

    private static func unescaped(_ value: String) throws(SelectorError) -> String {
        var text = ""
        var afterBackslash = false
        for scalar in value.unicodeScalars {
            if afterBackslash {
                guard scalar == "\\" || scalar == "," || scalar == "=" else {
                    throw SelectorError("invalid field selector: invalid escape sequence: \\\(scalar)")
                }
                text.unicodeScalars.append(scalar)
                afterBackslash = false
            } else if scalar == "\\" {
                afterBackslash = true
            } else if scalar == "," || scalar == "=" {
                throw SelectorError("invalid field selector: unescaped character in value: \(scalar.value)")
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        if afterBackslash { throw SelectorError("invalid field selector: invalid escape sequence: \\") }
        return text
    }

    private static func terms(of text: String) -> [String] {
        var terms: [String] = []
        var term = ""
        var afterBackslash = false
        for scalar in text.unicodeScalars {
            if !afterBackslash && scalar == "," {
                terms.append(term)
                term = ""
                continue
            }
            afterBackslash = !afterBackslash && scalar == "\\"
            term.unicodeScalars.append(scalar)
        }
        return terms + [term]
    }

    private static func split(_ term: String) -> (field: String, isNegated: Bool, value: String)? {
        let bytes = Array(term.utf8)
        let equals = UInt8(ascii: "=")
        for i in bytes.indices {
            let followedByEquals = i + 1 < bytes.count && bytes[i + 1] == equals
            let isNegated = bytes[i] == UInt8(ascii: "!") && followedByEquals
            guard isNegated || bytes[i] == equals else { continue }
            let value = bytes[(i + (followedByEquals ? 2 : 1))...]
            return (String(decoding: bytes[..<i], as: UTF8.self), isNegated, String(decoding: value, as: UTF8.self))
        }
        return nil
    }
}
