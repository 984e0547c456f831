package import JSON

/// What is wrong with an applied configuration, in the words that clients know.
package struct ApplyValidationError: Error, Equatable, CustomStringConvertible {
    package struct Finding: Sendable, Equatable {
        package var path: String
        package var message: String

        fileprivate var text: String { path.isEmpty ? message : "\(path): \(message)" }
    }

    package var findings: [Finding]

    package var description: String {
        findings.count == 1 ? findings[0].text : (["errors:"] + findings.map { "  " + $0.text }).joined(separator: "\n")
    }
}

/// Checks that a configuration is made of the type's fields, of the right types, and names no element of a list twice.
package enum ApplyValidation {
    package static func check(_ tree: JSONValue, schema: Schema) throws(ApplyValidationError) {
        var walker = Walker()
        walker.object(tree, schema)
        if !walker.findings.isEmpty { throw ApplyValidationError(findings: walker.findings) }
    }

    private struct Walker {
        private(set) var findings: [ApplyValidationError.Finding] = []
        private var path = ""

        private mutating func report(_ message: String) {
            if findings.count < 100 { findings.append(ApplyValidationError.Finding(path: path, message: message)) }
        }

        private mutating func below(_ element: PathElement, _ body: (inout Walker) -> Void) {
            let outside = path
            path += element.description
            body(&self)
            path = outside
        }

        mutating func object(_ value: JSONValue, _ schema: Schema) {
            guard let members = members(value) else { return }
            for (name, member) in members {
                below(.field(name)) {
                    if let field = schema.field(name) {
                        $0.value(member, field.type, field.applyShape)
                    } else if !schema.preservesUnknownFields {
                        $0.report("field not declared in schema")
                    }
                }
            }
        }

        /// nil for null, which is no complaint, and for what is no object, which is one.
        private mutating func members(_ value: JSONValue) -> JSONObject? {
            if case .object(let members) = value { return members }
            if !value.isNull { report("expected map, got &{\(Self.goText(value))}") }
            return nil
        }

        private mutating func value(_ value: JSONValue, _ type: Schema.ValueType, _ shape: ApplyShape) {
            if value.isNull { return }
            switch type {
            case .any: return
            case .object(let reference):
                if let schema = reference.schema { object(value, schema) }
            case .map(let element):
                for (name, member) in members(value) ?? [:] { below(.field(name)) { $0.value(member, element, element.applyShape) } }
            case .array(let element):
                guard case .array(let items) = value else { return report("expected list, got &{\(Self.goText(value))}") }
                list(items, element, shape)
            default: scalar(value, type)
            }
        }

        private mutating func list(_ items: [JSONValue], _ type: Schema.ValueType, _ shape: ApplyShape) {
            var seen: Set<String> = []
            for (index, item) in items.enumerated() {
                let element: PathElement
                if shape.isAssociative {
                    do throws(FieldSetError) {
                        element = try shape.pathElement(of: item)
                    } catch {
                        return report("element \(index): \(error)")
                    }
                    if !seen.insert(element.fieldsV1Key).inserted { report("duplicate entries for key \(element)") }
                } else {
                    element = .index(index)
                }
                below(element) { $0.value(item, type, shape.elements) }
            }
        }

        private mutating func scalar(_ value: JSONValue, _ type: Schema.ValueType) {
            switch (type, value) {
            case (.int32, .integer), (.int64, .integer), (.double, .integer), (.int32, .number), (.int64, .number), (.double, .number): return
            case (.bool, .bool), (.string, .string), (.bytes, .string), (.time, .string), (.microTime, .string): return
            case (.intOrString, .array), (.intOrString, .object), (.quantity, .array), (.quantity, .object):
                report("expected any scalar, got &{\(Self.goText(value))}")
            case (.intOrString, _), (.quantity, _): return
            case (.int32, _), (.int64, _), (.double, _): report("expected numeric (int or float), got \(Self.goType(value))")
            case (.bool, _): report("expected boolean, got &{\(Self.goText(value))}")
            default: report("expected string, got &value.valueUnstructured{Value:\(Self.goSyntax(value))}")
            }
        }

        /// What Go prints of a value.
        private static func goText(_ value: JSONValue) -> String {
            switch value {
            case .string(let text): text
            case .array(let items): "[" + items.map(goText).joined(separator: " ") + "]"
            case .object(let members): "map[" + members.sortedByKey().map { "\($0.key):\(goText($0.value))" }.joined(separator: " ") + "]"
            case .null: "<nil>"
            default: value.description
            }
        }

        private static func goSyntax(_ value: JSONValue) -> String {
            switch value {
            case .string(let text): text.goQuoted
            case .array(let items): "[]interface {}{" + items.map(goSyntax).joined(separator: ", ") + "}"
            case .object(let members):
                "map[string]interface {}{" + members.sortedByKey().map { "\($0.key.goQuoted):\(goSyntax($0.value))" }.joined(separator: ", ") + "}"
            case .null: "interface {}(nil)"
            default: value.description
            }
        }

        private static func goType(_ value: JSONValue) -> String {
            switch value {
            case .string: "string"
            case .bool: "bool"
            case .array: "[]interface {}"
            case .object: "map[string]interface {}"
            case .integer: "int64"
            case .number: "float64"
            case .null: "<nil>"
            }
        }
    }
}
