struct SchemaTables {
    let api: APIDescription
    func files() -> [OutputFile] { [] }
}
