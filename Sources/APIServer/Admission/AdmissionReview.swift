import JSON
import KubernetesAPI

/// One write as admission sees it: what is asked, by whom, and the object before and after.
struct AdmissionReview {
    enum Operation: String { case create = "CREATE", update = "UPDATE", delete = "DELETE", connect = "CONNECT" }

    let operation: Operation
    let resource: ServedResource
    let subresource: String
    let namespace: String
    var name: String
    /// The object as it is to be stored; nil for deletions.
    var object: JSONValue?
    /// The object as it is stored; nil for creations.
    let old: JSONValue?
    let context: WriteContext
    private let audit: AuditTrail?
    private let questions: OpenQuestions?
    /// For the client, in `Warning` headers.
    var warnings: [String] = []
    /// What is written together with the object, or not at all.
    var companions: [CompanionWrite] = []
    /// Called once the write is in the store and visible, or has failed.
    var settled: [@Sendable () -> Void] = []

    init(
        _ operation: Operation, _ request: APIRequest, _ resource: ServedResource, object: JSONValue?, old: JSONValue?, _ context: WriteContext
    ) {
        self.operation = operation
        self.resource = resource
        self.object = object
        self.old = old
        self.context = context
        audit = request.audit
        questions = request.questions
        subresource = request.info.subresource
        namespace = resource.type.namespaced ? request.info.namespace : ""
        name = request.info.name.isEmpty ? object?.text("metadata", "name") ?? "" : request.info.name
    }

    /// Takes the object out, to be changed as the only reference to it and put back.
    mutating func takeObject() -> JSONValue? {
        defer { object = nil }
        return object
    }

    var cluster: any ClusterView { context.cluster }

    func isFor(_ group: String, _ plural: String) -> Bool { resource.type.plural == plural && resource.type.group == group }

    /// A new pod, or a change of one through its own door.
    var isPod: Bool { isFor("", "pods") && subresource.isEmpty }

    /// Says something about this write in the audit log, if it is recorded.
    func annotate(_ key: String, _ value: String) { audit?.annotate(key, value) }

    /// Whether somebody may do something beyond the write itself.
    func may(_ attributes: AuthorizationAttributes, by authorizer: any Authorizer) -> Bool {
        (questions?.decision(attributes, by: authorizer) ?? authorizer.authorize(attributes)).isAllowed
    }

    func forbidden(_ why: String) -> APIStatus { resource.forbidden(name, why) }
}
