import Flags
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// Writes objects to a new cluster: makes them, or brings them up to date.
struct ClusterObjects: Sendable {
    /// Nil in a rehearsal.
    private let client: Client?

    /// By the kubeconfig of this machine's administrator.
    ///
    /// - Throws: `KubeconfigError`.
    init(_ settings: InitSettings) throws {
        client = Rehearsal.isOn ? nil : try Self.client(settings.administrator)
    }

    /// - Parameter kubeconfig: the path of the file that says where the cluster is and who we are.
    /// - Throws: `KubeconfigError`.
    static func client(_ kubeconfig: String) throws -> Client {
        let connection = try Kubeconfig.load(path: kubeconfig).connection()
        return Client(transport: try HTTPSTransport(connection, logger: Logger(label: "kubeadm")), userAgent: "kubeadm/\(ApusVersion.kubernetes)")
    }

    /// - Parameter text: YAML documents.
    /// - Throws: what the API server says, with the object's name.
    func apply(_ text: String) async throws {
        for document in text.split(separator: "\n---\n") {
            try await apply(try YAMLTree.read(String(document), path: "manifest"))
        }
    }

    /// - Returns: the object as it is now; in a rehearsal as it is given.
    @discardableResult
    func apply(_ object: JSONValue) async throws -> JSONValue {
        guard let apiVersion = object["apiVersion"]?.stringValue, let kind = object["kind"]?.stringValue,
            let name = object["metadata"]?["name"]?.stringValue,
            let type = ResourceCatalog.builtIn.resource(of: GroupVersionKind(apiVersion: apiVersion, kind: kind))?.type
        else { throw KubeadmError("an object has no apiVersion, kind or name") }
        let namespace = object["metadata"]?["namespace"]?.stringValue
        guard let client else {
            Say.line("[dryrun] Would create or update \(kind) \"\(name)\"" + (namespace.map { " in namespace \"\($0)\"" } ?? ""))
            return object
        }
        do {
            do {
                return try await client.post(path: type.path(namespace: namespace, name: nil, subresource: nil), object)
            } catch let error as APIStatusError where error.isAlreadyExists {
                let answer = try await client.send(
                    "PATCH", type.path(namespace: namespace, name: name, subresource: nil), object.serialized(),
                    contentType: "application/merge-patch+json")
                return try JSONValue(parsing: answer.body)
            }
        } catch {
            throw KubeadmError("\(kind) \(name) could not be written: \(error)")
        }
    }
}
