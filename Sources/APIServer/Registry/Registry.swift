package import JSON
package import KubernetesAPI
package import Logging
import NIOHTTP1
package import Storage

/// Serves all resources of the API: every verb on every kind takes the same road, and what is special about a kind stands in its `Strategy`.
///
/// Reads and watches are answered from the watch caches, on the caller's thread. Writes run on the caller's thread up to the transaction, which is
/// handed to the store's writer; the answer goes out from there.
package final class Registry: RequestHandler, ClusterView {
    let store: any Store
    let clock: ServerClock
    let logger: Logger
    package let services: ServiceNetwork
    /// What is served, by group, version and plural.
    private let served: [Key: ServedResource]
    /// Where objects are kept, by group and plural, for code inside the server.
    private let storages: [String: ObjectStorage]
    let admission: AdmissionChain
    /// Whom `componentstatuses` asks.
    let components: [ComponentProbe]
    /// Whose turn it is to write what is written together with a quota.
    let quotaTurns = NamespaceTurns()
    /// Throws when the client may change an object but not make one, asked when a change finds no object and is to make it.
    let mayCreate: (@Sendable (APIRequest) throws(APIStatus) -> Void)?

    private struct Key: Hashable {
        let group: String
        let version: String
        let plural: String
    }

    /// All resources in all versions in which they are served, in the catalogue's order.
    package let resources: [ServedResource]
    /// The caches to run; one for each kind of object kept.
    package let caches: [WatchCache]

    package init(
        store: any Store, services: ServiceNetwork, catalog: ResourceCatalog = .builtIn, served: ServedVersions = ServedVersions(),
        admission: AdmissionChain = .standard, components: [ComponentProbe] = [], eventTimeToLive: Duration? = nil,
        clock: ServerClock = .system, mayCreate: (@Sendable (APIRequest) throws(APIStatus) -> Void)? = nil, logger: Logger
    ) {
        self.store = store
        self.services = services
        self.admission = admission
        self.components = components
        self.clock = clock
        self.mayCreate = mayCreate
        self.logger = logger
        let built = KindTable.build(
            catalog: catalog, served: served, store: store, eventTimeToLive: eventTimeToLive ?? KindTable.eventTimeToLive, clock: clock,
            logger: logger)
        resources = built.served
        storages = built.storages
        caches = built.storages.filter { $0.key != Self.componentStatuses }.values.map(\.cache).sorted { $0.scope.prefix < $1.scope.prefix }
        self.served = Dictionary(
            built.served.map { (Key(group: $0.type.group, version: $0.type.version, plural: $0.type.plural), $0) },
            uniquingKeysWith: { first, _ in first })
    }

    package func resource(group: String, version: String, plural: String) -> ServedResource? {
        served[Key(group: group, version: version, plural: plural)]
    }

    /// Returns when all caches have been filled.
    package func waitUntilReady() async throws {
        for cache in caches { try await cache.waitUntilFresh(0, timeout: .seconds(60)) }
    }

    // MARK: ClusterView

    func storage(group: String, resource: String) -> ObjectStorage? {
        storages[group.isEmpty ? resource : "\(resource).\(group)"]
    }

    package func object(group: String, resource: String, namespace: String, name: String) -> JSONValue? {
        storage(group: group, resource: resource)?.entry(namespace: namespace, name: name)?.tree
    }

    package func objects(group: String, resource: String, namespace: String?) -> [JSONValue] {
        guard let storage = storage(group: group, resource: resource) else { return [] }
        return storage.cache.snapshot().sequence(namespace: namespace).map(\.tree)
    }

    var isShared: Bool { store.isShared }

    func companion(_ object: JSONValue, group: String, resource: String) -> CompanionWrite? {
        storage(group: group, resource: resource).map { CompanionWrite(object, in: $0) }
    }

    // MARK: RequestHandler

    package func handle(_ request: APIRequest, _ responder: any Responder) {
        if store.isShared, request.mustBeCurrent {
            catchUp(responder) { self.proceed(request, responder, isCurrent: true) }
        } else {
            proceed(request, responder, isCurrent: !store.isShared)
        }
    }

    /// - Parameter isCurrent: whether the caches have everything that was acknowledged before the request came.
    private func proceed(_ request: APIRequest, _ responder: any Responder, isCurrent: Bool) {
        do {
            try dispatch(request, responder)
        } catch {
            if request.retries({ self.proceed(request, responder, isCurrent: isCurrent) }) { return }
            // What somebody else has written elsewhere may be all that it lacks.
            if !isCurrent, request.info.verb == "create" {
                catchUp(responder) { self.proceed(request, responder, isCurrent: true) }
                return
            }
            responder.respond(error, accept: request.headers.first(name: "Accept"))
        }
    }

    /// Goes on when the caches have what others have written.
    private func catchUp(_ responder: any Responder, _ proceed: @escaping @Sendable () -> Void) {
        Task {
            do throws(StoreError) {
                try await store.catchUp()
                proceed()
            } catch {
                responder.respond(.storeFailure(error))
            }
        }
    }

    private func dispatch(_ request: APIRequest, _ responder: any Responder) throws(APIStatus) {
        let info = request.info
        guard let resource = resource(group: info.apiGroup, version: info.apiVersion, plural: info.resource) else { throw .pathNotFound }
        if resource.type.group.isEmpty, resource.type.plural == Self.componentStatuses {
            try componentStatuses(request, resource, responder)
            return
        }
        guard resource.storage.cache.isReady else {
            throw .storageInitializing
        }
        // Objects in namespaces are found everywhere, but made, changed and deleted in one.
        if resource.type.namespaced, info.namespace.isEmpty, info.verb != "list", info.verb != "watch" { throw .methodNotAllowed }
        if !info.subresource.isEmpty {
            try subresource(request, resource, responder)
            return
        }
        guard resource.verbs.contains(info.verb) else { throw .methodNotAllowed }
        switch info.verb {
        case "get": try get(request, resource, responder)
        case "list": try list(request, resource, responder)
        case "watch": try watch(request, resource, responder)
        case "create": try create(request, resource, responder)
        case "update": try update(request, resource, view: .object, responder)
        case "patch": try patch(request, resource, view: .object, responder)
        case "delete": try delete(request, resource, responder)
        case "deletecollection": try deleteCollection(request, resource, responder)
        default: throw .methodNotAllowed
        }
    }

    func context(_ request: APIRequest, dryRun: Bool) -> WriteContext {
        WriteContext(user: request.user, now: clock.timestamp, dryRun: dryRun, cluster: self)
    }

    /// How the answer to a request is to look.
    func answer(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) -> Answer {
        let pretty = request.query["pretty"].map { $0 != "false" && $0 != "0" } ?? false
        guard let accept = AcceptHeader(request.headers.first(name: "Accept"), stream: request.info.verb == "watch", pretty: pretty) else {
            throw .notAcceptable(supported: AcceptHeader.supported)
        }
        return Answer(
            responder: responder, resource: resource, form: accept.form, encoding: accept.encoding,
            tables: TableWriter(now: clock.seconds(), query: request.query))
    }
}

extension APIRequest {
    /// Whether everything that others have written before has to be known. Not so for reads of a revision or of any, and for new objects, about which
    /// the write itself decides.
    fileprivate var mustBeCurrent: Bool {
        switch info.verb {
        case "get", "list", "watch": (query["resourceVersion"] ?? "").isEmpty && (query["continue"] ?? "").isEmpty
        case "create": false
        default: true
        }
    }
}
