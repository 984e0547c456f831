import JSON

/// Makes `Table` objects: what `kubectl get` prints.
struct TableWriter: Sendable {
    /// What a row carries beside its cells.
    enum Include: String, Sendable { case none = "None", metadata = "Metadata", object = "Object" }

    /// Seconds since 1970, from which ages are counted.
    let now: Int64
    let include: Include

    init(now: Int64, query: QueryItems) {
        self.now = now
        include = query["includeObject"].flatMap(Include.init(rawValue:)) ?? .metadata
    }

    /// - Parameters:
    ///   - list: the metadata of the list; nil for a single object, whose version the table then bears.
    ///   - headless: without column definitions, as further events of a watch come.
    func table(_ objects: [JSONValue], resource: ServedResource, version: String, list: JSONValue?, headless: Bool = false) -> JSONValue {
        let view = resource.strategy.table
        var metadata = list ?? [:]
        if list == nil, let revision = objects.first?.at("metadata", "resourceVersion") { metadata["resourceVersion"] = revision }
        return [
            "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
            "columnDefinitions": headless ? nil : .array(view.columns.map(definition)),
            "rows": .array(objects.map { row($0, resource, view, version) }),
        ]
    }

    private func definition(_ column: TableView.Column) -> JSONValue {
        [
            "name": .string(column.name), "type": .string(column.type), "format": .string(column.format),
            "description": .string(column.description.isEmpty ? column.name : column.description), "priority": .integer(column.priority),
        ]
    }

    private func row(_ object: JSONValue, _ resource: ServedResource, _ view: TableView, _ version: String) -> JSONValue {
        // Cells are computed from the stored version; most resources have no other.
        var stored = object
        resource.toStorage(&stored)
        var row: JSONValue = ["cells": .array(view.cells(stored).map { cell($0, stored) })]
        let conditions = view.conditions(stored)
        if !conditions.isEmpty { row["conditions"] = .array(conditions) }
        switch include {
        case .none: row["object"] = nil
        case .metadata: row["object"] = PartialMetadata.object(object, version: version)
        case .object: row["object"] = object
        }
        return row
    }

    private func cell(_ cell: TableView.Cell, _ object: JSONValue) -> JSONValue {
        switch cell {
        case .name: object.at("metadata", "name") ?? ""
        case .age: .string(since(object.text("metadata", "creationTimestamp")))
        case .since(let moment): .string(since(moment))
        case .between(let start, let end): .string(between(start, end))
        case .value(let value): value
        case .text(let text): .string(text.isEmpty ? "<none>" : text)
        case .integer(let number): .integer(number)
        case .restarts(let count, let last): .string("\(count) (\(since(last)) ago)")
        }
    }

    private func since(_ moment: String) -> String {
        guard let seconds = ServerClock.seconds(of: moment) else { return "<unknown>" }
        return HumanDuration.text(seconds: now &- seconds)
    }

    private func between(_ start: String, _ end: String) -> String {
        guard let from = ServerClock.seconds(of: start) else { return "<unknown>" }
        return HumanDuration.text(seconds: (ServerClock.seconds(of: end) ?? now) &- from)
    }
}
