package import JSON

extension Schema {
    /// Gives absent fields their defaults, in the whole tree; a default is itself filled in. What is there stays, `null` included.
    package func applyDefaults(to tree: inout JSONValue) {
        guard case .object(var object) = tree else { return }
        tree = .null
        for field in fields {
            if let value = field.defaultValue, !object.contains(field.name) { object[field.name] = value }
            guard field.type.elementSchema != nil, var value = object[field.name] else { continue }
            object[field.name] = .null
            field.type.applyDefaults(to: &value)
            object[field.name] = value
        }
        tree = .object(object)
    }
}

extension Schema.ValueType {
    fileprivate func applyDefaults(to value: inout JSONValue) {
        switch (self, value) {
        case (.object(let reference), .object):
            reference.schema?.applyDefaults(to: &value)
        case (.array(let element), .array(var values)):
            value = .null
            for index in values.indices { element.applyDefaults(to: &values[index]) }
            value = .array(values)
        case (.map(let member), .object(let members)):
            value = .null
            value = .object(
                members.mapValues {
                    var value = $0
                    member.applyDefaults(to: &value)
                    return value
                })
        default:
            break
        }
    }
}
