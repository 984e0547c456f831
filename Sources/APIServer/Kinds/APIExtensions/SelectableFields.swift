import JSON

/// The fields of a custom resource by which it can be selected.
enum SelectableFields {
    private static let most = 8

    static func validate(_ fields: Field, schema: Field) {
        guard fields.count > 0 else { return }
        guard schema.exists else {
            return fields.invalid("", "may only be set when `version.schema.openAPIV3Schema` is not included")
        }
        var seen: Set<[String]> = []
        fields.each { field in
            let path = field["jsonPath"]
            guard !path.string.isEmpty else { return path.missing() }
            switch SchemaPath.walk(path.string, in: schema, brackets: false) {
            case .failure(let problem): path.invalid("is an invalid path: \(problem.words)")
            case .success(let (steps, found)):
                if steps.first == "metadata" { path.invalid("must not point to fields in metadata") }
                if !["string", "boolean", "integer"].contains(found["type"].string) {
                    path.invalid("must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.")
                }
                if !seen.insert(steps).inserted { path.duplicate(.string(path.string)) }
            }
        }
        if seen.count > most {
            fields.errors.add(FieldError(.tooMany, fields.path, value: .integer(Int64(seen.count)), "must have at most \(most) items"))
        }
    }
}

/// A path like `.spec.color` or `.labels['x']`, followed through a schema.
enum SchemaPath {
    struct Problem: Error { let words: String }

    /// - Parameter brackets: whether names may stand in `['...']`.
    static func walk(_ text: String, in schema: Field, brackets: Bool) -> Result<(steps: [String], found: Field), Problem> {
        var tokens = tokens(text)[...]
        var steps: [String] = []
        var place = schema
        func next() throws(Problem) -> String {
            guard let token = tokens.popFirst() else { throw Problem(words: "unexpected end of JSON path") }
            return token
        }
        do throws(Problem) {
            while let token = tokens.popFirst() {
                let name: String
                switch token {
                case ".": name = try next()
                case "[":
                    if !brackets { throw Problem(words: "array notation is not allowed") }
                    let quoted = try next()
                    guard quoted.count >= 2, quoted.hasPrefix("'"), quoted.hasSuffix("'") else {
                        throw Problem(words: "expected single quoted string but got \(quoted)")
                    }
                    name = unescaped(quoted.dropFirst().dropLast())
                    let end = try next()
                    if end != "]" { throw Problem(words: "expected ] but got \(end)") }
                default: throw Problem(words: "expected [ or . but got: \(token)")
                }
                steps.append(name)
                if place["properties"].exists {
                    guard let property = place["properties"].entry(name) else { throw Problem(words: "does not refer to a valid field") }
                    place = property
                } else if place["additionalProperties"].value?.objectValue != nil {
                    place = place["additionalProperties"]
                } else {
                    throw Problem(words: "does not refer to a valid field")
                }
            }
        } catch {
            return .failure(error)
        }
        return .success((steps, place))
    }

    /// The delimiters and what is between them; a quoted name is one token.
    private static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        var current = ""
        var isQuoted = false
        for character in text {
            if isQuoted {
                let isEscaped = current.hasSuffix("\\")
                current.append(character)
                if character == "'", !isEscaped {
                    isQuoted = false
                    tokens.append(current)
                    current = ""
                }
                continue
            }
            switch character {
            case ".", "[", "]":
                if !current.isEmpty { tokens.append(current) }
                current = ""
                tokens.append(String(character))
            case "'" where current.isEmpty:
                isQuoted = true
                current = "'"
            default: current.append(character)
            }
        }
        if !current.isEmpty { tokens.append(current) }
        return tokens
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                result.append(character)
                isEscaped = false
            }
        }
        return result
    }
}
