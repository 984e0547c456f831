package import JSON

/// JSON patch (RFC 6902), `application/json-patch+json`.
///
/// As upstream: negative indices count from an array's end, replacing a member that an object does not have sets it, and a missing member equals
/// null in tests.
package struct JSONPatch: Sendable {
    /// More operations than this are refused.
    package static let maximumOperations = 10_000
    /// What all `copy` operations of a patch may add together, in bytes.
    package static let maximumCopiedBytes = 3 << 20

    private let operations: [JSONObject]

    /// - Parameter patch: an array of operations.
    package init(_ patch: JSONValue) throws(PatchError) {
        guard case .array(let elements) = patch else {
            throw PatchError(.malformed, "json: cannot unmarshal \(patch.goJSONName) into Go value of type jsonpatch.Patch")
        }
        guard elements.count <= Self.maximumOperations else {
            throw PatchError(.tooLarge, "The allowed maximum operations in a JSON patch is \(Self.maximumOperations), got \(elements.count)")
        }
        var operations: [JSONObject] = []
        for element in elements {
            guard case .object(let operation) = element else {
                throw PatchError(.malformed, "json: cannot unmarshal \(element.goJSONName) into Go value of type jsonpatch.Operation")
            }
            operations.append(operation)
        }
        self.operations = operations
    }

    /// All operations in order, or none: on an error the target is as it was.
    package func apply(to target: JSONValue) throws(PatchError) -> JSONValue {
        var document = target
        var copied = 0
        for operation in operations {
            let kind = operation["op"]?.stringValue ?? "unknown"
            switch kind {
            case "add": try add(operation, &document)
            case "remove": try remove(operation, &document)
            case "replace": try replace(operation, &document)
            case "move": try move(operation, &document)
            case "test": try test(operation, &document)
            case "copy": try copy(operation, &document, &copied)
            default: throw PatchError(.notApplicable, "Unexpected kind: \(kind)")
            }
        }
        return document
    }

    // MARK: Operations

    private func add(_ operation: JSONObject, _ document: inout JSONValue) throws(PatchError) {
        guard let path = operation["path"]?.stringValue else { throw fail("add operation failed to decode path: missing value") }
        try at(path, &document, orMissing: "add operation does not apply: doc is missing path: \"\(path)\": missing value") {
            (container, key) throws(PatchError) in
            try prefixed("error in add for path: '\(path)'") { () throws(PatchError) in
                try Self.insert(operation["value"] ?? .null, into: &container, key)
            }
        }
    }

    private func remove(_ operation: JSONObject, _ document: inout JSONValue) throws(PatchError) {
        guard let path = operation["path"]?.stringValue else { throw fail("remove operation failed to decode path: missing value") }
        try at(path, &document, orMissing: "remove operation does not apply: doc is missing path: \"\(path)\": missing value") {
            (container, key) throws(PatchError) in
            try prefixed("error in remove for path: '\(path)'") { () throws(PatchError) in try Self.remove(from: &container, key) }
        }
    }

    private func replace(_ operation: JSONObject, _ document: inout JSONValue) throws(PatchError) {
        let path = try self.path(operation, "path", "replace operation failed to decode path: operation missing path field")
        let value = operation["value"] ?? .null
        if path.isEmpty {
            guard value.objectValue != nil || value.arrayValue != nil else { throw fail("replace operation value must be object or array") }
            document = value
            return
        }
        try at(path, &document, orMissing: "replace operation does not apply: doc is missing path: \(path): missing value") {
            (container, key) throws(PatchError) in
            switch container {
            case .array(let array):
                guard let index = try? Self.index(key, in: array) else {
                    throw fail("replace operation does not apply: doc is missing key: \(path): missing value")
                }
                container[index] = value
            default:
                container[key] = value
            }
        }
    }

    private func move(_ operation: JSONObject, _ document: inout JSONValue) throws(PatchError) {
        let from = try self.path(operation, "from", "move operation failed to decode from: operation, missing from field")
        let moved = try at(from, &document, orMissing: "move operation does not apply: doc is missing from path: \(from): missing value") {
            (container, key) throws(PatchError) in
            try prefixed("error in move for path: '\(key)'") { () throws(PatchError) in
                let value = try Self.get(from: container, key)
                try Self.remove(from: &container, key)
                return value
            }
        }
        let path = try self.path(operation, "path", "move operation failed to decode path: operation missing path field")
        try at(path, &document, orMissing: "move operation does not apply: doc is missing destination path: \(path): missing value") {
            (container, key) throws(PatchError) in
            try prefixed("error in move for path: '\(path)'") { () throws(PatchError) in try Self.insert(moved, into: &container, key) }
        }
    }

    private func test(_ operation: JSONObject, _ document: inout JSONValue) throws(PatchError) {
        let path = try self.path(operation, "path", "test operation failed to decode path: operation missing path field")
        let expected = operation["value"] ?? .null
        if path.isEmpty {
            guard document == expected else { throw fail("testing value \(path) failed: test failed") }
            return
        }
        try at(path, &document, orMissing: "test operation does not apply: is missing path: \(path): missing value") {
            (container, key) throws(PatchError) in
            let value = try prefixed("error in test for path: '\(path)'") { () throws(PatchError) in try Self.get(from: container, key) }
            guard value == expected else { throw fail("testing value \(path) failed: test failed") }
        }
    }

    private func copy(_ operation: JSONObject, _ document: inout JSONValue, _ copied: inout Int) throws(PatchError) {
        let from = try self.path(operation, "from", "copy operation failed to decode from: operation, missing from field")
        let value = try at(from, &document, orMissing: "copy operation does not apply: doc is missing from path: \(from): missing value") {
            (container, key) throws(PatchError) in
            try prefixed("error in copy for from: '\(from)'") { () throws(PatchError) in try Self.get(from: container, key) }
        }
        guard let path = operation["path"]?.stringValue else { throw fail("copy operation failed to decode path: missing value") }
        try at(path, &document, orMissing: "copy operation does not apply: doc is missing destination path: \(path): missing value") {
            (container, key) throws(PatchError) in
            copied += value.serialized().count
            guard copied <= Self.maximumCopiedBytes else {
                throw PatchError(
                    .tooLarge,
                    "Unable to complete the copy, the accumulated size increase of copy is \(copied), exceeding the limit \(Self.maximumCopiedBytes)")
            }
            try prefixed("error while adding value during copy") { () throws(PatchError) in try Self.insert(value, into: &container, key) }
        }
    }

    // MARK: Places

    private func fail(_ message: String) -> PatchError { PatchError(.notApplicable, message) }

    private func path(_ operation: JSONObject, _ member: String, _ missing: String) throws(PatchError) -> String {
        guard let path = operation[member]?.stringValue else { throw fail("\(missing): missing value") }
        return path
    }

    private func prefixed<R>(_ prefix: String, _ body: () throws(PatchError) -> R) throws(PatchError) -> R {
        do throws(PatchError) {
            return try body()
        } catch {
            throw PatchError(error.kind, "\(prefix): \(error.description)")
        }
    }

    /// Calls the body with the container that the path's last token is a member of.
    private func at<R>(
        _ path: String, _ document: inout JSONValue, orMissing missing: String, _ body: (inout JSONValue, String) throws(PatchError) -> R
    ) throws(PatchError) -> R {
        let tokens = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst().map { Self.unescaped($0) }
        guard let result = try Self.descend(tokens[...], &document, body) else { throw fail(missing) }
        return result
    }

    /// nil when there is no such container.
    private static func descend<R>(
        _ tokens: ArraySlice<String>, _ value: inout JSONValue, _ body: (inout JSONValue, String) throws(PatchError) -> R
    ) throws(PatchError) -> R? {
        guard let first = tokens.first else { return nil }
        switch value {
        case .object(var object):
            if tokens.count == 1 { return try body(&value, first) }
            guard var child = object[first] else { return nil }
            // Nobody else holds the child while it changes.
            value = .null
            object[first] = .null
            defer {
                object[first] = child
                value = .object(object)
            }
            return try descend(tokens.dropFirst(), &child, body)
        case .array(var array):
            if tokens.count == 1 { return try body(&value, first) }
            guard let index = try? index(first, in: array) else { return nil }
            value = .null
            var child = array[index]
            array[index] = .null
            defer {
                array[index] = child
                value = .array(array)
            }
            return try descend(tokens.dropFirst(), &child, body)
        default:
            return nil
        }
    }

    /// `~1` is a slash and `~0` a tilde; anything else after a tilde stays as it is.
    private static func unescaped(_ token: Substring.UTF8View) -> String {
        let tilde = UInt8(ascii: "~")
        var bytes: [UInt8] = []
        var afterTilde = false
        for byte in token {
            switch byte {
            case UInt8(ascii: "0") where afterTilde: bytes.append(tilde)
            case UInt8(ascii: "1") where afterTilde: bytes.append(UInt8(ascii: "/"))
            default:
                if afterTilde { bytes.append(tilde) }
                if byte != tilde { bytes.append(byte) }
            }
            afterTilde = byte == tilde
        }
        if afterTilde { bytes.append(tilde) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The index of an existing element.
    private static func index(_ key: String, in array: [JSONValue]) throws(PatchError) -> Int {
        let written = try number(key)
        let index = written < 0 ? written + array.count : written
        guard array.indices.contains(index) else {
            throw PatchError(.notApplicable, "Unable to access invalid index: \(written): invalid index referenced")
        }
        return index
    }

    private static func number(_ key: String) throws(PatchError) -> Int {
        guard let number = Int(key) else { throw PatchError(.notApplicable, "strconv.Atoi: parsing \(key.goQuoted): invalid syntax") }
        return number
    }

    private static func get(from container: JSONValue, _ key: String) throws(PatchError) -> JSONValue {
        guard case .array(let array) = container else { return container[key] ?? .null }
        return array[try index(key, in: array)]
    }

    private static func insert(_ value: JSONValue, into container: inout JSONValue, _ key: String) throws(PatchError) {
        guard case .array(var array) = container else {
            container[key] = value
            return
        }
        if key == "-" {
            container = .null
            array.append(value)
            container = .array(array)
            return
        }
        let written: Int
        do throws(PatchError) {
            written = try number(key)
        } catch {
            throw PatchError(error.kind, "value was not a proper array index: '\(key)': \(error.description)")
        }
        let index = written < 0 ? written + array.count + 1 : written
        guard index >= 0, index <= array.count else {
            throw PatchError(.notApplicable, "Unable to access invalid index: \(written): invalid index referenced")
        }
        container = .null
        array.insert(value, at: index)
        container = .array(array)
    }

    private static func remove(from container: inout JSONValue, _ key: String) throws(PatchError) {
        if case .array(let array) = container {
            container[try index(key, in: array)] = nil
        } else {
            guard container[key] != nil else { throw PatchError(.notApplicable, "Unable to remove nonexistent key: \(key): missing value") }
            container[key] = nil
        }
    }
}

extension JSONValue {
    /// The JSON type as Go's decoder names it in messages.
    fileprivate var goJSONName: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
