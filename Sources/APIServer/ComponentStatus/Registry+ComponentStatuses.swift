import JSON
import KubernetesAPI

/// `componentstatuses`: objects that nobody keeps, made of what the parts of the control plane answer.
extension Registry {
    static let componentStatuses = "componentstatuses"

    func componentStatuses(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) {
        let info = request.info
        guard info.subresource.isEmpty else { throw .pathNotFound }
        guard resource.verbs.contains(info.verb) else { throw .methodNotAllowed }
        let answer = try answer(request, resource, responder)
        if info.verb == "get" {
            // As upstream has it, what is not there is no `NotFound`.
            guard let component = components.first(where: { $0.name == info.name }) else {
                throw APIStatus(code: 500, reason: "", message: "Component not found: \(info.name)")
            }
            Task { answer.object(await component.status, status: 200) }
            return
        }
        let filter = try ObjectFilter(request.query, resource)
        let asked = components.filter { component in
            filter.labels.matches { _ in nil } && filter.fields.matches { $0 == "metadata.name" ? component.name : "" }
        }
        Task {
            let statuses = await withTaskGroup { group in
                for component in asked { group.addTask { await component.status } }
                return await group.reduce(into: [JSONValue]()) { $0.append($1) }
            }
            answer.computed(statuses.sorted { $0.text("metadata", "name") < $1.text("metadata", "name") })
        }
    }
}

extension ComponentProbe {
    fileprivate var status: JSONValue {
        get async {
            let (isWell, words) =
                switch await ask() {
                case .healthy(let words): (true, words)
                case .unhealthy(let words): (false, words)
                }
            return [
                "apiVersion": "v1", "kind": "ComponentStatus", "metadata": ["name": .string(name)],
                "conditions": [["type": "Healthy", "status": isWell ? "True" : "False", "message": .string(words)]],
            ]
        }
    }
}

extension Answer {
    /// A list of objects that are at no revision.
    fileprivate func computed(_ objects: [JSONValue]) {
        switch (form, encoding) {
        case (.object, .protobuf):
            do throws(ProtobufError) {
                var messages: [[UInt8]] = []
                for object in objects { messages.append(try ProtobufDocument.message(object, resource.schema)) }
                let list = try ProtobufDocument.list(metadata: [:], items: messages)
                send(ProtobufDocument.enveloped(list, apiVersion: resource.type.apiVersion, kind: resource.type.kind + "List"), 200)
            } catch {
                status(.internalError("the list can't be written as protobuf: \(error)"))
            }
        case (.object, _):
            document(
                [
                    "kind": .string(resource.type.kind + "List"), "apiVersion": .string(resource.type.apiVersion), "metadata": [:],
                    "items": .array(objects.map(ListItems.item)),
                ], 200)
        case (.table(let version), _): document(tables.table(objects, resource: resource, version: version, list: [:]), 200)
        case (.metadata(let version), _):
            document(PartialMetadata.list(objects.map { PartialMetadata.object($0, version: version) }, [:], version: version), 200)
        }
    }
}

extension Strategy {
    static let componentStatus = Strategy {
        $0.emptyStatus = nil
        $0.table = TableView([.name, .text("Status"), .text("Message"), .text("Error")]) { object in
            let condition = object.list("conditions").first { $0.text("type") == "Healthy" }
            let health = condition.map { $0.text("status") == "True" ? "Healthy" : "Unhealthy" } ?? "Unknown"
            return [
                .name, .value(.string(health)), .value(.string(condition?.text("message") ?? "")), .value(.string(condition?.text("error") ?? "")),
            ]
        }
    }
}
