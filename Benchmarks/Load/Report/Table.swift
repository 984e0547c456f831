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
        let cells = [["work", "ours", reference, "ratio", "aim"]] + rows.map { [$0.work, $0.ours, $0.reference, $0.ratio, $0.aim] }
        let widths = (0..<5).map { column in cells.map { $0[column].count }.max() ?? 0 }
        var lines = cells.map { row in
            "| " + zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: " | ") + " |"
        }
        lines.insert("|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|", at: 1)
        return lines.joined(separator: "\n")
    }
}
