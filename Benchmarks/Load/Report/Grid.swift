/// Lines of cells as a Markdown table that reads well as it is.
struct Grid: Sendable {
    private var lines: [[String]]

    init(_ head: [String]) { lines = [head] }

    mutating func add(_ line: [String]) { lines.append(line) }

    var text: String {
        let widths = lines.reduce(into: [Int]()) { widths, line in
            for (column, cell) in line.enumerated() {
                if column < widths.count { widths[column] = max(widths[column], cell.count) } else { widths.append(cell.count) }
            }
        }
        var text = lines.map { line in
            "| " + zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: " | ") + " |"
        }
        text.insert("|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|", at: 1)
        return text.joined(separator: "\n")
    }
}
