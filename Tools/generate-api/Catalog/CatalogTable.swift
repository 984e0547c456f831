struct CatalogTable {
    let resources: [ResourceDescription]
    func file() -> OutputFile { OutputFile(name: "catalog.txt", text: "") }
}
