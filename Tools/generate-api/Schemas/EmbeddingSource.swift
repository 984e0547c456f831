struct EmbeddingSource {
    let tables: [String]
    func file() -> OutputFile { OutputFile(name: "x.c", text: "") }
}
