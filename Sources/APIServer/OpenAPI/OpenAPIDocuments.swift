import JSON
package import KubernetesAPI
import Synchronization

/// The OpenAPI documents of the resources that the server has. Each is made when it is first asked for and then kept.
package final class OpenAPIDocuments: Sendable {
    private let catalog: ResourceCatalog
    private let version: String
    private let made = Mutex<[String: [UInt8]]>([:])

    /// - Parameters:
    ///   - catalog: the resources that are served.
    ///   - version: of the server, such as `v1.36.3`.
    package init(catalog: ResourceCatalog, version: String) {
        self.catalog = catalog
        self.version = version
    }

    /// Tells documents of this server apart from those of another version of it.
    package var hash: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ text: String) { for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 } }
        mix(version)
        for resource in catalog.resources { mix("\(resource.type.groupResource)/\(resource.type.version) ") }
        let digits = String(hash, radix: 16, uppercase: true)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// What `/openapi/v3` answers: the group versions and where their documents are.
    package func index() -> [UInt8] {
        document("") {
            var paths: JSONObject = [:]
            for name in groupVersions {
                paths[name] = ["serverRelativeURL": .string("/openapi/v3/\(name)?hash=\(hash)")]
            }
            return ["paths": .object(paths)]
        }
    }

    /// A document of version 3 by its name in the index, such as `apis/apps/v1`; nil when there is none.
    package func groupVersion(_ name: String) -> [UInt8]? {
        guard groupVersions.contains(name) else { return nil }
        return document(name) {
            var paths = OpenAPIPaths(dialect: .v3)
            for resource in catalog.resources where Self.name(resource) == name { paths.add(resource) }
            return [
                "openapi": "3.0.0", "info": info, "paths": .object(paths.paths),
                "components": ["schemas": .object(paths.schemas.all), "securitySchemes": ["BearerToken": security]],
            ]
        }
    }

    /// The one document of version 2.
    package func v2() -> [UInt8] {
        document("v2") { v2Tree }
    }

    /// The document of version 2 as protobuf.
    ///
    /// - Throws: `OpenAPIProtobuf.Unknown` when the document has what its protobuf form has not.
    package func v2Protobuf() throws -> [UInt8] {
        try kept("v2 protobuf") { try OpenAPIProtobuf.document(v2Tree) }
    }

    private var v2Tree: JSONValue {
        var paths = OpenAPIPaths(dialect: .v2)
        for resource in catalog.resources { paths.add(resource) }
        return [
            "swagger": "2.0", "info": info, "paths": .object(paths.paths), "definitions": .object(paths.schemas.all),
            "securityDefinitions": ["BearerToken": security], "security": [["BearerToken": []]],
        ]
    }

    private var groupVersions: [String] {
        var names: [String] = []
        for resource in catalog.resources where names.last != Self.name(resource) { names.append(Self.name(resource)) }
        return names
    }

    private static func name(_ resource: ResourceCatalog.Resource) -> String {
        resource.type.group.isEmpty ? "api/\(resource.type.version)" : "apis/\(resource.type.group)/\(resource.type.version)"
    }

    private var info: JSONValue { ["title": "Kubernetes", "version": .string(version)] }

    private var security: JSONValue {
        ["description": "A bearer token", "type": "apiKey", "name": "authorization", "in": "header"]
    }

    private func document(_ name: String, _ make: () -> JSONValue) -> [UInt8] {
        kept(name) { make().serialized() }
    }

    private func kept<Failure: Error>(_ name: String, _ make: () throws(Failure) -> [UInt8]) throws(Failure) -> [UInt8] {
        if let bytes = made.withLock({ $0[name] }) { return bytes }
        // Outside the lock, since it takes milliseconds; should two requests make the same document, both are right.
        let bytes = try make()
        made.withLock { $0[name] = bytes }
        return bytes
    }
}
