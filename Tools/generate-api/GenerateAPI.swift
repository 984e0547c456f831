import ArgumentParser
import Foundation
import JSON

/// Writes the generated half of the API modules from the published OpenAPI document and the protobuf field numbers.
@main
struct GenerateAPI: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate-api",
        abstract: "Write typed API objects, schema tables and the resource catalogue from Kubernetes' published API description.")

    @Option(help: "The OpenAPI v2 document (JSON) of the Kubernetes version to follow.")
    var openapi: String

    @Option(help: "Protobuf field numbers: JSON, package -> messages -> message -> field -> number, type, label.")
    var protobuf: String

    @Option(help: "The package's root folder; files are written below its Sources/API.")
    var output: String

    func run() throws {
        let document = try Self.readJSON(openapi)
        let numbers = ProtobufNumbers(try Self.readJSON(protobuf))
        let api = try APIDescription(document: document, numbers: numbers)
        let resources = try ResourceReader(api: api).resources(paths: document["paths"])
        let folder = URL(fileURLWithPath: output).appendingPathComponent("Sources/API")

        for module in APIModule.all {
            let files = try StructFiles(module: module, api: api, resources: resources).files()
            try OutputFolder(folder.appendingPathComponent(module.folder), suffix: ".swift").replace(with: files)
        }
        let tables = SchemaTables(api: api).files() + [CatalogTable(resources: resources).file()]
        // Written by hand, in the same folder.
        let embedded = tables.map(\.name) + ["descriptions.txt"]
        try OutputFolder(folder.appendingPathComponent("CSchemas/tables"), suffix: ".txt").replace(with: tables)
        try OutputFolder(folder.appendingPathComponent("CSchemas"), suffix: ".c").replace(with: [EmbeddingSource(tables: embedded).file()])
    }

    private static func readJSON(_ path: String) throws -> JSONValue {
        do {
            return try JSONValue(parsing: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
        } catch {
            throw ValidationError("cannot read \(path): \(error)")
        }
    }
}

/// What is wrong with the input, for the person who runs the generator.
struct GeneratorError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
