package import JSON
import NIOHTTP1

/// Reads the bodies of the few requests that are computed and not stored.
package enum RequestBody {
    /// - Parameter kind: what `kind` must be if it is there.
    /// - Throws: `APIStatus`: 415 for an unknown form, 400 for what cannot be read or is of another kind.
    package static func object(_ request: APIRequest, kind: String, group: String) throws(APIStatus) -> JSONValue {
        if acceptsOnlyTable(request.headers) { throw .notAcceptable(supported: ["application/json"]) }
        var decode = Decode()
        let value = try decode.document(request.body, contentType: request.headers.first(name: "Content-Type"))
        guard value.objectValue != nil else { throw .badRequest("\(kind) in version \"v1\" cannot be handled as a \(kind): not an object") }
        if let found = value["kind"]?.stringValue, found != kind {
            throw .badRequest("the object provided is of kind \(goQuoted(found)), this resource takes \(goQuoted(kind))")
        }
        if let version = value["apiVersion"]?.stringValue, version != "\(group)/v1" {
            throw .badRequest("the API version in the data (\(version)) does not match the expected API version (\(group)/v1)")
        }
        return value
    }

    /// Whether every media type that the client takes is a `Table`, which a computed answer does not have.
    private static func acceptsOnlyTable(_ headers: HTTPHeaders) -> Bool {
        let clauses = headers["Accept"].flatMap { $0.split(separator: ",") }
        return !clauses.isEmpty && clauses.allSatisfy { $0.contains("as=Table") }
    }
}
