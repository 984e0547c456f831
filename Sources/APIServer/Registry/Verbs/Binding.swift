import JSON
import NIOHTTP1

extension Registry {
    /// `pods/binding`: the scheduler says on which node a pod runs.
    func bind(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) {
        let options = try WriteOptions(request.query, kind: "CreateOptions")
        let answer = try answer(request, resource, responder)
        var decode = Decode()
        let binding = try decode.document(request.body, contentType: request.headers.first(name: "Content-Type"))
        let name = request.info.name
        try checkBinding(binding, name: name)
        let node = binding.text("target", "name")
        let now = clock.timestamp
        try change(
            Change(
                request: request, resource: resource, view: .inner(validates: false), options: options, answer: answer, retries: .always,
                completion: { _ in answer.success(nil, status: 201) }
            ) { pod throws(APIStatus) in
                func conflict(_ why: String) -> APIStatus {
                    .conflict(group: "", resource: "pods/binding", name: name, why)
                }
                let uid = binding.text("metadata", "uid")
                if !uid.isEmpty, uid != pod.text("metadata", "uid") {
                    throw conflict("Precondition failed: UID in precondition: \(uid), UID in object meta: \(pod.text("metadata", "uid"))")
                }
                if pod.at("metadata", "deletionTimestamp") != nil {
                    throw conflict("pod \(name) is being deleted, cannot be assigned to a host")
                }
                let current = pod.text("spec", "nodeName")
                if !current.isEmpty { throw conflict("pod \(name) is already assigned to node \(goQuoted(current))") }
                if !pod.list("spec", "schedulingGates").isEmpty { throw conflict("pod \(name) has non-empty .spec.schedulingGates") }
                var pod = pod
                pod.setPath(["spec", "nodeName"], .string(node))
                for part in ["annotations", "labels"] {
                    for (key, value) in binding.at("metadata", part)?.objectValue ?? [:] { pod.setPath(["metadata", part, key], value) }
                }
                PodConditions.set(&pod, ["type": "PodScheduled", "status": "True"], now: now)
                return pod
            })
    }

    private func checkBinding(_ binding: JSONValue, name: String) throws(APIStatus) {
        let errors = FieldErrors()
        let root = Field(binding, errors: errors)
        let kind = root["target"]["kind"]
        if !kind.string.isEmpty, kind.string != "Node" { kind.oneOf(["Node", "<empty>"]) }
        if root["target"]["name"].string.isEmpty { root["target"]["name"].required() }
        if !errors.isEmpty { throw .invalid(group: "", kind: "Binding", name: name, errors.list) }
    }
}

/// Conditions in a pod's status.
enum PodConditions {
    /// Puts a condition in the place of one of the same type; the time of transition moves only when the status changes.
    static func set(_ pod: inout JSONValue, _ condition: JSONValue, now: String) {
        var condition = condition
        condition["lastProbeTime"] = .null
        condition["lastTransitionTime"] = .string(now)
        pod.editOrMake("status") { status in
            var conditions = status.list("conditions")
            if let index = conditions.firstIndex(where: { $0.text("type") == condition.text("type") }) {
                if conditions[index].text("status") == condition.text("status"), let since = conditions[index]["lastTransitionTime"] {
                    condition["lastTransitionTime"] = since
                }
                conditions[index] = condition
            } else {
                conditions.append(condition)
            }
            status["conditions"] = .array(conditions)
        }
    }
}
