package import JSON

extension APIStatus {
    /// The object as the API sends it.
    package var jsonBytes: [UInt8] { json.serialized() }

    package var json: JSONValue {
        var object: JSONValue = ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": isSuccess ? "Success" : "Failure"]
        object.set("message", message)
        object.set("reason", reason)
        if let details { object["details"] = details.json }
        object["code"] = .integer(Int64(code))
        return object
    }
}

extension APIStatus.Details {
    fileprivate var json: JSONValue {
        var object: JSONValue = [:]
        object.set("name", name)
        object.set("group", group)
        object.set("kind", kind)
        object.set("uid", uid)
        if !causes.isEmpty { object["causes"] = .array(causes.map(\.json)) }
        if retryAfterSeconds != 0 { object["retryAfterSeconds"] = .integer(Int64(retryAfterSeconds)) }
        return object
    }
}

extension APIStatus.Cause {
    fileprivate var json: JSONValue {
        var object: JSONValue = [:]
        object.set("reason", reason)
        object.set("message", message)
        object.set("field", field)
        return object
    }
}

extension JSONValue {
    /// Sets a member unless its text is empty.
    fileprivate mutating func set(_ key: String, _ text: String) {
        if !text.isEmpty { self[key] = .string(text) }
    }
}
