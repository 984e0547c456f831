import JSON

/// How a kind is shown as a table: the columns, and the cells of an object.
struct TableView: Sendable {
    struct Column: Sendable {
        let name: String
        let type: String
        var format = ""
        var description = ""
        /// 0 is always shown, 1 only when the client asks for wide output.
        var priority: Int64 = 0

        static let name = Column(name: "Name", type: "string", format: "name", description: "The name of the object, unique within its namespace.")
        static let age = Column(name: "Age", type: "string", description: "The time since the object was created.")

        static func text(_ name: String, wide: Bool = false) -> Column { Column(name: name, type: "string", priority: wide ? 1 : 0) }
        static func integer(_ name: String, wide: Bool = false) -> Column { Column(name: name, type: "integer", priority: wide ? 1 : 0) }
        static func boolean(_ name: String) -> Column { Column(name: name, type: "boolean") }
    }

    enum Cell: Sendable {
        case name
        /// The time since the object's creation.
        case age
        /// The time since a moment, given as objects bear it; `<unknown>` when empty.
        case since(String)
        /// The time between two moments, or until now when the second is empty.
        case between(String, String)
        case value(JSONValue)
        /// As text, `<none>` when empty.
        case text(String)
        case integer(Int64)
        /// A count and how long ago it last went up: `3 (2m ago)`.
        case restarts(Int64, String)
    }

    let columns: [Column]
    let cells: @Sendable (JSONValue) -> [Cell]
    /// Conditions of a row, by which clients tell finished objects.
    var conditions: @Sendable (JSONValue) -> [JSONValue] = { _ in [] }

    init(_ columns: [Column], cells: @escaping @Sendable (JSONValue) -> [Cell]) {
        self.columns = columns
        self.cells = cells
    }

    static let nameAndAge = TableView([
        .name, Column(name: "Created At", type: "date", description: "The time at which the object was created."),
    ]) { [.name, .value(.string($0.text("metadata", "creationTimestamp")))] }
}
