/// What was measured: a Markdown table that reads well as it is.
struct Table: Sendable {
    /// What the other side of the comparison is.
    let reference: String
    struct Row: Sendable {
        var work: String
        var ours: String
        /// What the reference does in the same run, where there is one.
        var reference = ""
        var ratio = ""
        var aim = ""
    }

    private(set) var rows: [Row] = []

    init(against reference: String) { self.reference = reference }

    mutating func add(_ row: Row) { rows.append(row) }

    var text: String {
        var grid = Grid(["work", "ours", reference, "ratio", "aim"])
        for row in rows { grid.add([row.work, row.ours, row.reference, row.ratio, row.aim]) }
        return grid.text
    }
}
