package import JSON

/// JSON merge patch (RFC 7386), `application/merge-patch+json`.
package enum JSONMergePatch {
    /// The target with the patch's members set, and those removed whose patch is null.
    package static func apply(_ patch: JSONValue, to target: JSONValue) -> JSONValue {
        var target = target
        merge(patch, into: &target)
        return target
    }

    private static func merge(_ patch: JSONValue, into target: inout JSONValue) {
        guard case .object(let members) = patch else {
            target = patch
            return
        }
        var object = JSONObject()
        if case .object(let existing) = target { object = existing }
        // The target lets go of its members, so that they are changed in place.
        target = .null
        for (key, value) in members {
            if value.isNull {
                object.removeValue(forKey: key)
            } else {
                var member = object[key] ?? .null
                object[key] = .null
                merge(value, into: &member)
                object[key] = member
            }
        }
        target = .object(object)
    }

    /// The patch that makes `modified` of `original`; an empty object when they are equal. nil when there is none: a member of `modified` is null.
    package static func diff(from original: JSONValue, to modified: JSONValue) -> JSONValue? {
        guard case .object(let old) = original, case .object(let new) = modified else { return modified }
        var patch = JSONObject()
        for (key, value) in new {
            if value.isNull { return nil }
            guard let before = old[key] else {
                patch[key] = value
                continue
            }
            if before == value { continue }
            guard let change = diff(from: before, to: value) else { return nil }
            patch[key] = change
        }
        for (key, _) in old where !new.contains(key) { patch[key] = .null }
        return .object(patch)
    }
}
