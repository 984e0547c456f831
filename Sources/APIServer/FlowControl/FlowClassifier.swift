import JSON

/// Which flow schema a request falls under: the first in the order of precedence, then of names, one of whose rules fits.
struct FlowClassifier: Sendable {
    /// What a request was found to belong to.
    struct Flow: Sendable {
        let schema: String
        let level: String
        /// What tells this flow from others of the same schema.
        let distinguisher: String
        /// What the request takes; known once its level is.
        var work = RequestWork()
    }

    private let schemas: [Schema]

    /// - Parameter schemas: FlowSchema objects.
    init(_ schemas: [JSONValue]) {
        self.schemas = schemas.map(Schema.init).sorted { ($0.precedence, $0.name) < ($1.precedence, $1.name) }
    }

    /// Nil when none fits, which the mandatory schemas rule out.
    func flow(of info: RequestInfo, path: String, user: UserInfo) -> Flow? {
        guard let schema = schemas.first(where: { $0.fits(info, path, user) }) else { return nil }
        let distinguisher =
            switch schema.method {
            case .none: ""
            case .user: user.name
            case .namespace: info.namespace
            }
        return Flow(schema: schema.name, level: schema.level, distinguisher: distinguisher)
    }

    private enum Method { case none, user, namespace }

    private struct Schema: Sendable {
        let name: String
        let level: String
        let precedence: Int64
        let method: Method
        let rules: [Rule]

        init(_ object: JSONValue) {
            name = object.text("metadata", "name")
            level = object.text("spec", "priorityLevelConfiguration", "name")
            precedence = object.number("spec", "matchingPrecedence")
            method =
                switch object.text("spec", "distinguisherMethod", "type") {
                case "ByUser": .user
                case "ByNamespace": .namespace
                default: .none
                }
            rules = object.list("spec", "rules").map(Rule.init)
        }

        func fits(_ info: RequestInfo, _ path: String, _ user: UserInfo) -> Bool { rules.contains { $0.fits(info, path, user) } }
    }

    private struct Rule: Sendable {
        let subjects: [Subject]
        let resources: [ResourceRule]
        let urls: [URLRule]

        init(_ rule: JSONValue) {
            subjects = rule.list("subjects").compactMap(Subject.init)
            resources = rule.list("resourceRules").map(ResourceRule.init)
            urls = rule.list("nonResourceRules").map(URLRule.init)
        }

        func fits(_ info: RequestInfo, _ path: String, _ user: UserInfo) -> Bool {
            let fitsTarget = info.isResourceRequest ? resources.contains { $0.fits(info) } : urls.contains { $0.fits(info.verb, path) }
            return fitsTarget && subjects.contains { $0.fits(user) }
        }
    }

    private enum Subject: Sendable {
        case everybody
        case user(String)
        case group(String)
        /// The beginning of the names of all accounts of a namespace.
        case accounts(prefix: String)

        init?(_ subject: JSONValue) {
            switch subject.text("kind") {
            case "User":
                let name = subject.text("user", "name")
                self = name == "*" ? .everybody : .user(name)
            case "Group":
                let name = subject.text("group", "name")
                self = name == "*" ? .everybody : .group(name)
            case "ServiceAccount":
                let prefix = "system:serviceaccount:\(subject.text("serviceAccount", "namespace")):"
                let name = subject.text("serviceAccount", "name")
                self = name == "*" ? .accounts(prefix: prefix) : .user(prefix + name)
            default: return nil
            }
        }

        func fits(_ user: UserInfo) -> Bool {
            switch self {
            case .everybody: true
            case .user(let name): user.name == name
            case .group(let name): user.groups.contains(name)
            case .accounts(let prefix): user.name.hasPrefix(prefix)
            }
        }
    }

    /// A list in which `*` stands for everything.
    private struct Names: Sendable {
        let all: Bool
        let names: [String]

        init(_ list: [JSONValue]) {
            names = list.compactMap(\.stringValue)
            all = names.contains("*")
        }

        func contains(_ name: String) -> Bool { all || names.contains(name) }
    }

    private struct ResourceRule: Sendable {
        let verbs, groups, resources, namespaces: Names
        let clusterScope: Bool

        init(_ rule: JSONValue) {
            verbs = Names(rule.list("verbs"))
            groups = Names(rule.list("apiGroups"))
            resources = Names(rule.list("resources"))
            namespaces = Names(rule.list("namespaces"))
            clusterScope = rule["clusterScope"]?.boolValue ?? false
        }

        func fits(_ info: RequestInfo) -> Bool {
            guard verbs.contains(info.verb), groups.contains(info.apiGroup) else { return false }
            guard resources.all || resources.names.contains(where: { Self.names($0, info) }) else { return false }
            return info.namespace.isEmpty ? clusterScope : namespaces.contains(info.namespace)
        }

        /// `pods` or `pods/status`.
        private static func names(_ name: String, _ info: RequestInfo) -> Bool {
            if info.subresource.isEmpty { return name == info.resource }
            return name.utf8.count == info.resource.utf8.count + 1 + info.subresource.utf8.count && name.hasPrefix(info.resource)
                && name.hasSuffix(info.subresource)
        }
    }

    private struct URLRule: Sendable {
        let verbs, urls: Names

        init(_ rule: JSONValue) {
            verbs = Names(rule.list("verbs"))
            urls = Names(rule.list("nonResourceURLs"))
        }

        func fits(_ verb: String, _ path: String) -> Bool {
            guard verbs.contains(verb) else { return false }
            return urls.all || urls.names.contains { $0.hasSuffix("/*") ? path.hasPrefix($0.dropLast()) : path == $0 }
        }
    }
}
