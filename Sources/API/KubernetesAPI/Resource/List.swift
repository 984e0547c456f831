package import JSON

/// The answer to a list request: `PodList` is `List<Pod>`.
package struct List<T: KubernetesResource>: APIObject {
    package var metadata: ListMeta = .init()
    package var items: [T] = []
    package var unknownFields = JSONUnknownFields()

    package init() {}

    package init(items: [T], metadata: ListMeta = .init()) {
        self.items = items
        self.metadata = metadata
    }

    package init(json r: inout JSONReader) throws(JSONError) {
        try r.beginObject()
        while true {
            switch try r.nextField(listKeys) {
            case 0, 1: try r.skipValue()
            case 2: try r.read(&metadata)
            case 3: try r.read(&items)
            case -1: return
            default: try r.keepUnknown(&unknownFields)
            }
        }
    }

    package func write(json w: inout JSONWriter) {
        w.beginObject()
        w.requiredField("kind", T.resource.kind + "List")
        w.requiredField("apiVersion", T.resource.apiVersion)
        w.requiredField("metadata", metadata)
        w.requiredField("items", items)
        w.unknown(unknownFields)
        w.endObject()
    }
}

// Outside of the struct, since generic types have no static storage.
private let listKeys = JSONKeys("kind\0apiVersion\0metadata\0items")
