import JSON

/// The flow schemas and priority levels that every cluster has: the mandatory ones, whose specs are fixed, and the suggested ones.
enum FlowControlObjects {
    static let group = "flowcontrol.apiserver.k8s.io"
    /// Suggested objects bear it; who sets it to false keeps their own spec.
    static let autoUpdate = "apf.kubernetes.io/autoupdate-spec"

    struct Object: Sendable {
        let resource: String
        let name: String
        let spec: JSONValue
        let isMandatory: Bool
    }

    /// Levels before the schemas that refer to them.
    static let all: [Object] = levels + schemas

    static func mandatorySpec(_ resource: String, _ name: String) -> JSONValue? {
        all.first { $0.isMandatory && $0.resource == resource && $0.name == name }?.spec
    }

    private static let levels: [Object] = [
        Object(
            resource: "prioritylevelconfigurations", name: "exempt",
            spec: ["type": "Exempt", "exempt": ["nominalConcurrencyShares": 0, "lendablePercent": 0]], isMandatory: true),
        Object(
            resource: "prioritylevelconfigurations", name: "catch-all",
            spec: [
                "type": "Limited",
                "limited": ["nominalConcurrencyShares": 5, "limitResponse": ["type": "Reject"], "lendablePercent": 0],
            ], isMandatory: true),
        level("system", shares: 30, queues: 64, lendable: 33),
        level("node-high", shares: 40, queues: 64, lendable: 25),
        level("leader-election", shares: 10, queues: 16, hand: 4, lendable: 0),
        level("workload-high", shares: 40, queues: 128, lendable: 50),
        level("workload-low", shares: 100, queues: 128, lendable: 90),
        level("global-default", shares: 20, queues: 128, lendable: 50),
    ]

    private static func level(_ name: String, shares: Int64, queues: Int64, hand: Int64 = 6, lendable: Int64) -> Object {
        Object(
            resource: "prioritylevelconfigurations", name: name,
            spec: [
                "type": "Limited",
                "limited": [
                    "nominalConcurrencyShares": .integer(shares), "lendablePercent": .integer(lendable),
                    "limitResponse": [
                        "type": "Queue", "queuing": ["queues": .integer(queues), "handSize": .integer(hand), "queueLengthLimit": 50],
                    ],
                ],
            ], isMandatory: false)
    }

    private static let everyone = [group("system:unauthenticated"), group("system:authenticated")]
    private static let leases = rule(["get", "create", "update"], "coordination.k8s.io", ["leases"], clusterScope: false)

    private static let schemas: [Object] = [
        schema("exempt", "exempt", 1, nil, [everything([group("system:masters")])], isMandatory: true),
        schema(
            "probes", "exempt", 2, nil,
            [
                [
                    "subjects": .array(everyone),
                    "nonResourceRules": [["verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]]],
                ]
            ]),
        schema(
            "system-leader-election", "leader-election", 100, "ByUser",
            [
                [
                    "subjects": [user("system:kube-controller-manager"), user("system:kube-scheduler"), account("*")],
                    "resourceRules": [leases],
                ]
            ]),
        schema(
            "endpoint-controller", "workload-high", 150, "ByUser",
            [
                [
                    "subjects": [
                        user("system:kube-controller-manager"), account("endpoint-controller"), account("endpointslicemirroring-controller"),
                    ],
                    "resourceRules": [rule(["get", "create", "update"], "", ["endpoints"], clusterScope: false)],
                ]
            ]),
        schema(
            "workload-leader-election", "leader-election", 200, "ByUser",
            [
                [
                    "subjects": [account("*")],
                    "resourceRules": [rule(["get", "create", "update"], "", ["endpoints", "configmaps"], clusterScope: false), leases],
                ]
            ]),
        schema(
            "system-node-high", "node-high", 400, "ByUser",
            [
                [
                    "subjects": [group("system:nodes")],
                    "resourceRules": [
                        rule(["*"], "", ["nodes", "nodes/status"], clusterScope: true),
                        rule(["*"], "coordination.k8s.io", ["leases"], clusterScope: false),
                    ],
                ]
            ]),
        schema("system-nodes", "system", 500, "ByUser", [everything([group("system:nodes")])]),
        schema("kube-controller-manager", "workload-high", 800, "ByNamespace", [everything([user("system:kube-controller-manager")])]),
        schema("kube-scheduler", "workload-high", 800, "ByNamespace", [everything([user("system:kube-scheduler")])]),
        schema("kube-system-service-accounts", "workload-high", 900, "ByNamespace", [everything([account("*")])]),
        schema("service-accounts", "workload-low", 9000, "ByUser", [everything([group("system:serviceaccounts")])]),
        schema("global-default", "global-default", 9900, "ByUser", [everything(everyone)]),
        schema("catch-all", "catch-all", 10000, "ByUser", [everything(everyone)], isMandatory: true),
    ]

    private static func schema(
        _ name: String, _ level: String, _ precedence: Int64, _ method: String?, _ rules: [JSONValue], isMandatory: Bool = false
    ) -> Object {
        var spec: JSONValue = [
            "priorityLevelConfiguration": ["name": .string(level)], "matchingPrecedence": .integer(precedence), "rules": .array(rules),
        ]
        if let method { spec["distinguisherMethod"] = ["type": .string(method)] }
        return Object(resource: "flowschemas", name: name, spec: spec, isMandatory: isMandatory)
    }

    private static func everything(_ subjects: [JSONValue]) -> JSONValue {
        [
            "subjects": .array(subjects),
            "resourceRules": [["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": true, "namespaces": ["*"]]],
            "nonResourceRules": [["verbs": ["*"], "nonResourceURLs": ["*"]]],
        ]
    }

    private static func rule(_ verbs: [String], _ group: String, _ resources: [String], clusterScope: Bool) -> JSONValue {
        var rule: JSONValue = [
            "verbs": JSONValue(verbs), "apiGroups": [.string(group)], "resources": JSONValue(resources), "namespaces": ["*"],
        ]
        if clusterScope { rule["clusterScope"] = true }
        return rule
    }

    private static func group(_ name: String) -> JSONValue { ["kind": "Group", "group": ["name": .string(name)]] }
    private static func user(_ name: String) -> JSONValue { ["kind": "User", "user": ["name": .string(name)]] }

    private static func account(_ name: String) -> JSONValue {
        ["kind": "ServiceAccount", "serviceAccount": ["namespace": "kube-system", "name": .string(name)]]
    }
}
