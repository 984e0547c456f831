import CoreV1
import KubernetesAPI
import Testing

@testable import ControllerManager

@Suite struct NodeTests {
    @Test(arguments: [
        ("True", []),
        ("False", ["node.kubernetes.io/not-ready:NoSchedule", "node.kubernetes.io/not-ready:NoExecute"]),
        ("Unknown", ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"]),
    ] as [(String, [String])])
    func taintsFollowReadiness(status: String, expected: [String]) {
        let node = Node { node in
            node.status.conditions = [
                NodeCondition {
                    $0.type = "Ready"
                    $0.status = status
                }
            ]
        }
        #expect(NodeTaints.wanted(for: node, now: 0).map(NodeTaints.identity) == expected)
    }

    @Test func podRangesAreCutFromTheClustersAndRunOut() throws {
        let ranges = try #require(PodRanges(clusterCIDR: "10.244.0.0/22"))
        #expect(ranges.first(notIn: []) == "10.244.0.0/24")
        #expect(ranges.first(notIn: ["10.244.0.0/24", "10.244.1.0/24"]) == "10.244.2.0/24")
        #expect(ranges.first(notIn: Set((0..<4).map { "10.244.\($0).0/24" })) == nil)
        for text in ["", "10.244.0.0", "10.244.0.0/33", "10.244.0/16", "10.244.0.0/25", "x/16"] {
            #expect(PodRanges(clusterCIDR: text) == nil)
        }
    }

    @Test func evictionWaitsForTheShortestToleration() {
        let taint = Taint {
            $0.key = "node.kubernetes.io/not-ready"
            $0.effect = "NoExecute"
            $0.timeAdded = Time(seconds: 1000)
        }
        func toleration(_ seconds: Int64?) -> Toleration {
            Toleration {
                $0.key = "node.kubernetes.io/not-ready"
                $0.operator = "Exists"
                $0.effect = "NoExecute"
                $0.tolerationSeconds = seconds
            }
        }
        #expect(TaintEvictionController.evictionTime([taint], []) == 0)
        #expect(TaintEvictionController.evictionTime([taint], [toleration(300)]) == 1300)
        #expect(TaintEvictionController.evictionTime([taint], [toleration(nil)]) == nil)
        #expect(TaintEvictionController.evictionTime([], []) == nil)
    }
}
