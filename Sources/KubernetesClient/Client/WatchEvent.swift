import JSON
package import KubernetesAPI

/// A change that a watch reports. The server's ERROR events are not among them: they are thrown as `APIStatusError`.
package enum WatchEvent<T: KubernetesResource>: Sendable {
    case added(T)
    case modified(T)
    /// With the object's last state; its resourceVersion is that of the deletion.
    case deleted(T)
    /// Nothing changed up to this resourceVersion; nothing else of the object is set.
    case bookmark(T)

    package var object: T {
        switch self {
        case .added(let object), .modified(let object), .deleted(let object), .bookmark(let object): object
        }
    }
}

/// What one line of a watch says.
struct WatchFrame<T: KubernetesResource>: JSONCodable {
    enum Content: Sendable {
        case event(WatchEvent<T>)
        case error(Status)
        case unknown(type: String)
    }

    var content: Content

    private static var keys: JSONKeys { watchFrameKeys }

    init(json r: inout JSONReader) throws(JSONError) {
        var type = ""
        // Only filled when the object stands before its type, which servers do not do.
        var early: JSONValue = .null
        var content: Content?
        try r.beginObject()
        fields: while true {
            switch try r.nextField(Self.keys) {
            case 0: try r.read(&type)
            case 1:
                switch type {
                case "":
                    try r.read(&early)
                case "ERROR":
                    var status = Status()
                    try r.read(&status)
                    content = .error(status)
                default:
                    var object = T()
                    try r.read(&object)
                    content = Self.event(type, object)
                }
            case -1: break fields
            default: try r.skipValue()
            }
        }
        if content == nil, !early.isNull {
            content = type == "ERROR" ? .error(try Status(tree: early)) : Self.event(type, try T(tree: early))
        }
        self.content = content ?? .unknown(type: type)
    }

    func write(json w: inout JSONWriter) {
        w.beginObject()
        switch content {
        case .event(let event):
            switch event {
            case .added: w.field("type", "ADDED")
            case .modified: w.field("type", "MODIFIED")
            case .deleted: w.field("type", "DELETED")
            case .bookmark: w.field("type", "BOOKMARK")
            }
            w.field("object", event.object)
        case .error(let status):
            w.field("type", "ERROR")
            w.field("object", status)
        case .unknown(let type):
            w.field("type", type)
        }
        w.endObject()
    }

    private static func event(_ type: String, _ object: T) -> Content {
        switch type {
        case "ADDED": .event(.added(object))
        case "MODIFIED": .event(.modified(object))
        case "DELETED": .event(.deleted(object))
        case "BOOKMARK": .event(.bookmark(object))
        default: .unknown(type: type)
        }
    }
}

private let watchFrameKeys = JSONKeys("type\0object")
