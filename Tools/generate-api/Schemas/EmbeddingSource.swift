/// The C source that makes the tables part of the program. Swift literals of this size would take minutes to compile.
struct EmbeddingSource {
    /// File names below `tables`.
    let tables: [String]

    func file() -> OutputFile {
        var lines = ["// \(OutputFolder.mark); do not edit.", "#include \"CSchemas.h\"", "#pragma clang diagnostic ignored \"-Wc23-extensions\"", ""]
        for name in tables {
            lines += ["static const unsigned char \(identifier(name))[] = {", "#embed \"tables/\(name)\"", "};"]
        }
        lines += ["", "static const apus_table tables[] = {"]
        for name in tables {
            lines.append("    {\"\(tableName(name))\", \(identifier(name)), sizeof \(identifier(name))},")
        }
        lines += [
            "};", "", "apus_table apus_table_at(size_t index) {", "    static const apus_table none = {0};",
            "    return index < sizeof tables / sizeof tables[0] ? tables[index] : none;", "}",
        ]
        return OutputFile(name: "tables.c", text: lines.joined(separator: "\n") + "\n")
    }

    private func tableName(_ file: String) -> String { String(file.dropLast(".txt".count)) }
    private func identifier(_ file: String) -> String { tableName(file).replacing(".", with: "_") }
}
