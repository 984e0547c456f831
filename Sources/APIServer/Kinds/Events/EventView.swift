import JSON

/// Events as events.k8s.io/v1 shows them. The stored form is core/v1; the same fields bear other names.
enum EventView {
    private static let names = [
        ("involvedObject", "regarding"), ("message", "note"), ("reportingComponent", "reportingController"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"),
    ]

    static let conversion = VersionConversion(
        toStorage: { rename(&$0, names.map { ($0.1, $0.0) }, apiVersion: "v1") },
        fromStorage: { rename(&$0, names, apiVersion: "events.k8s.io/v1") })

    /// The labels of field selectors of this view, in the order of upstream's.
    static let selectableFields: [String: String] = [
        "regarding.kind": "involvedObject.kind", "regarding.namespace": "involvedObject.namespace", "regarding.name": "involvedObject.name",
        "regarding.uid": "involvedObject.uid", "regarding.apiVersion": "involvedObject.apiVersion",
        "regarding.resourceVersion": "involvedObject.resourceVersion", "regarding.fieldPath": "involvedObject.fieldPath",
        "reportingController": "reportingComponent",
    ]

    private static func rename(_ event: inout JSONValue, _ names: [(from: String, to: String)], apiVersion: String) {
        guard case .object(let object) = event else { return }
        var renamed = JSONObject()
        for (key, value) in object { renamed[names.first { $0.from == key }?.to ?? key] = value }
        renamed["apiVersion"] = .string(apiVersion)
        event = .object(renamed)
    }
}
