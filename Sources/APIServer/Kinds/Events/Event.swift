import JSON
import KubernetesAPI

extension Strategy {
    /// Events are stored as core/v1; events.k8s.io/v1 is another view of them (see `EventView`).
    static let event = Strategy {
        $0.emptyStatus = nil
        $0.createOnUpdate = true
        $0.validate = { event in
            let namespace = event["metadata"]["namespace"].string
            let involved = event["involvedObject"]["namespace"]
            let clusterScoped = involved.string.isEmpty
            if clusterScoped {
                if namespace != "default", namespace != "kube-system", !namespace.isEmpty {
                    involved.invalid(.string(""), "does not match event.namespace")
                }
            } else if involved.string != namespace {
                involved.invalid("does not match event.namespace")
            }
        }
        $0.selectableFields = [
            "involvedObject.kind": { $0.text("involvedObject", "kind") },
            "involvedObject.namespace": { $0.text("involvedObject", "namespace") },
            "involvedObject.name": { $0.text("involvedObject", "name") },
            "involvedObject.uid": { $0.text("involvedObject", "uid") },
            "involvedObject.apiVersion": { $0.text("involvedObject", "apiVersion") },
            "involvedObject.resourceVersion": { $0.text("involvedObject", "resourceVersion") },
            "involvedObject.fieldPath": { $0.text("involvedObject", "fieldPath") },
            "reason": { $0.text("reason") },
            "reportingComponent": { $0.text("reportingComponent") },
            "source": { event in
                let component = event.text("source", "component")
                return component.isEmpty ? event.text("reportingComponent") : component
            },
            "type": { $0.text("type") },
        ]
        $0.table = TableView(
            [
                .text("Last Seen"), .text("Type"), .text("Reason"), .text("Object"), .text("Subobject", wide: true), .text("Source", wide: true),
                .text("Message"), .text("First Seen", wide: true), .text("Count", wide: true),
                TableView.Column(name: "Name", type: "string", format: "name", priority: 1),
            ], cells: EventTable.cells)
    }
}

enum EventTable {
    @Sendable static func cells(_ event: JSONValue) -> [TableView.Cell] {
        let eventTime = event.text("eventTime")
        let series = event["series"]
        var first = event.text("firstTimestamp")
        if first.isEmpty { first = eventTime }
        var last = event.text("lastTimestamp")
        if let series { last = series.text("lastObservedTime") } else if last.isEmpty { last = first }
        let involved = event["involvedObject"] ?? [:]
        let object =
            involved.text("name").isEmpty
            ? involved.text("kind").lowercased() : "\(involved.text("kind").lowercased())/\(involved.text("name"))"
        var source = event.text("source", "component")
        if source.isEmpty { source = event.text("reportingComponent") }
        let host = event.text("source", "host").isEmpty ? event.text("reportingInstance") : event.text("source", "host")
        if !host.isEmpty { source += ", " + host }
        let count = series?.number("count") ?? max(event.number("count"), 1)
        return [
            .since(last), .value(.string(event.text("type"))), .value(.string(event.text("reason"))), .value(.string(object)),
            .value(.string(involved.text("fieldPath"))), .value(.string(source)), .value(.string(event.text("message").trimmed)), .since(first),
            .integer(count), .name,
        ]
    }
}

extension String {
    /// Without the white space at its ends.
    fileprivate var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(self[first...last])
    }
}
