import JSON
import Testing

@testable import APIServer

/// The index against an authorizer that looks at every binding in turn, on policies made up at random.
@Suite struct RBACModelTests {
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        mutating func pick<T>(_ values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &self)] }
    }

    private static let users = ["ana", "bob", "system:serviceaccount:a:robot", "system:kube-proxy"]
    private static let groups = ["devs", "ops", "system:authenticated"]
    private static let namespaces = ["a", "b", ""]
    private static let verbs = ["get", "list", "delete", "*"]
    private static let resources = ["pods", "pods/log", "secrets", "*/scale", "*"]
    private static let names = ["x", "y"]

    private static func rule(_ dice: inout Dice) -> JSONValue {
        if dice.pick([true, false, false, false]) {
            return ["verbs": [.string(dice.pick(verbs))], "nonResourceURLs": [.string(dice.pick(["/healthz", "/api/*", "*"]))]]
        }
        var rule: JSONValue = [
            "verbs": [.string(dice.pick(verbs))], "apiGroups": [.string(dice.pick(["", "apps", "*"]))], "resources": [.string(dice.pick(resources))],
        ]
        if dice.pick([true, false, false]) { rule["resourceNames"] = [.string(dice.pick(names))] }
        return rule
    }

    private static func subject(_ dice: inout Dice) -> JSONValue {
        switch dice.pick([0, 1, 2]) {
        case 0: ["kind": "User", "name": .string(dice.pick(users))]
        case 1: ["kind": "Group", "name": .string(dice.pick(groups))]
        default: ["kind": "ServiceAccount", "name": "robot", "namespace": .string(dice.pick(["a", "b"]))]
        }
    }

    private static func policy(_ dice: inout Dice) -> [(RBACKind, JSONValue)] {
        var objects: [(RBACKind, JSONValue)] = []
        for index in 0..<4 {
            objects.append((.clusterRole, ["metadata": ["name": .string("c\(index)")], "rules": .array((0..<2).map { _ in rule(&dice) })]))
            objects.append(
                (.role, ["metadata": ["name": .string("r\(index)"), "namespace": .string(dice.pick(["a", "b"]))], "rules": [rule(&dice)]]))
        }
        for index in 0..<6 {
            let subjects: JSONValue = .array((0..<dice.pick([1, 2])).map { _ in subject(&dice) })
            // Some speak of roles that are not there.
            let clusterRole: JSONValue = ["kind": "ClusterRole", "name": .string("c\(dice.pick([0, 1, 2, 3, 9]))")]
            let metadata: JSONValue = ["name": .string("cb\(index)")]
            objects.append((.clusterRoleBinding, ["metadata": metadata, "subjects": subjects, "roleRef": clusterRole]))
            let isCluster = dice.pick([true, false])
            let name = (isCluster ? "c" : "r") + "\(dice.pick([0, 1, 2, 3]))"
            let role: JSONValue = ["kind": isCluster ? "ClusterRole" : "Role", "name": .string(name)]
            let place: JSONValue = ["name": .string("b\(index)"), "namespace": .string(dice.pick(["a", "b"]))]
            objects.append((.roleBinding, ["metadata": place, "subjects": subjects, "roleRef": role]))
        }
        return objects
    }

    /// Slow and obvious.
    private static func model(_ objects: [(RBACKind, JSONValue)], _ request: AuthorizationAttributes) -> Bool {
        for (kind, binding) in objects where kind == .clusterRoleBinding || kind == .roleBinding {
            let place = binding.text("metadata", "namespace")
            if kind == .roleBinding, place != request.namespace || !request.isResourceRequest && !request.namespace.isEmpty { continue }
            let speaks = binding.list("subjects").contains { subject in
                switch subject.text("kind") {
                case "User": subject.text("name") == request.user.name
                case "Group": request.user.groups.contains(subject.text("name"))
                default: request.user.name == "system:serviceaccount:\(subject.text("namespace")):\(subject.text("name"))"
                }
            }
            guard speaks else { continue }
            let wanted = binding["roleRef"] ?? [:]
            for (roleKind, role) in objects
            where roleKind == (wanted.text("kind") == "ClusterRole" ? .clusterRole : .role) && role.text("metadata", "name") == wanted.text("name") {
                if roleKind == .role, role.text("metadata", "namespace") != place { continue }
                if role.list("rules").contains(where: { PolicyRule(json: $0).allows(request) }) { return true }
            }
        }
        return false
    }

    @Test(arguments: 0..<40)
    func theIndexAnswersAsTheModel(seed: Int) {
        var dice = Dice(state: UInt64(seed))
        let objects = Self.policy(&dice)
        let authorizer = RBACAuthorizer(source: FakeRBACSource(objects.map { (kind: $0.0, object: $0.1) }))
        var allowed = 0
        for _ in 0..<300 {
            let user = UserInfo(name: dice.pick(Self.users), groups: [dice.pick(Self.groups)])
            let request =
                dice.pick([true, false, false, false])
                ? AuthorizationAttributes(
                    user: user, verb: dice.pick(["get", "delete"]), isResourceRequest: false, path: dice.pick(["/healthz", "/api/v1", "/x"]))
                : AuthorizationAttributes(
                    user: user, verb: dice.pick(["get", "list", "delete"]), apiGroup: dice.pick(["", "apps"]),
                    resource: dice.pick(["pods", "secrets"]),
                    subresource: dice.pick(["", "log", "scale"]), namespace: dice.pick(Self.namespaces), name: dice.pick(["x", "y", ""]))
            let expected = Self.model(objects, request)
            if expected { allowed += 1 }
            #expect(authorizer.authorize(request).isAllowed == expected, "\(request)")
        }
        // A model that says no to everything would prove nothing.
        #expect(allowed > 0)
    }

    /// What a request costs depends on the bindings that speak of its user, not on how many there are.
    @Test func tenThousandBindingsOfOthersAreNotLookedAt() {
        var objects: [(kind: RBACKind, object: JSONValue)] = [
            (.clusterRole, ["metadata": ["name": "view"], "rules": [["verbs": ["get"], "apiGroups": [""], "resources": ["pods"]]]])
        ]
        for index in 0..<10_000 {
            objects.append(
                (
                    .clusterRoleBinding,
                    [
                        "metadata": ["name": .string("b\(index)")], "roleRef": ["kind": "ClusterRole", "name": "view"],
                        "subjects": [["kind": "User", "name": .string("u\(index)")]],
                    ]
                ))
        }
        let index = RBACIndex(
            clusterRoles: objects.filter { $0.kind == .clusterRole }.map(\.object), roles: [],
            clusterRoleBindings: objects.filter { $0.kind == .clusterRoleBinding }.map(\.object), roleBindings: [])
        var visited = 0
        index.visit(UserInfo(name: "u7", groups: ["system:authenticated"]), namespace: "") { _, _ in
            visited += 1
            return false
        }
        #expect(visited == 1)
    }
}
