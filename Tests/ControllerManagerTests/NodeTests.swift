import CoreV1
import KubernetesAPI
import Testing

@testable import ControllerManager

@Suite struct NodeTests {
    @Test(
        arguments: [
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

    @Test func podRangesAreCutFromTheClusters() throws {
        let ranges = try #require(PodRanges(clusterCIDR: "10.244.7.1/22"))
        #expect((0..<ranges.count).map(ranges.text) == ["10.244.4.0/24", "10.244.5.0/24", "10.244.6.0/24", "10.244.7.0/24"])
        for text in ["", "10.244.0.0", "10.244.0.0/33", "10.244.0/16", "10.244.0.0/25", "x/16", "10.0.0.0/7"] {
            #expect(PodRanges(clusterCIDR: text) == nil)
        }
    }

    @Test(arguments: [
        ("10.244.5.0/24", 1..<2), ("10.244.5.128/25", 1..<2), ("10.244.6.0/23", 2..<4), ("10.244.0.0/16", 0..<4), ("10.245.0.0/24", 0..<0),
        ("fd00::/64", 0..<0), ("", 0..<0),
    ])
    func aRangeTakesThoseItOverlaps(text: String, numbers: Range<Int>) throws {
        #expect(try #require(PodRanges(clusterCIDR: "10.244.4.0/22")).numbers(of: text) == numbers)
    }

    @Test func rangesRunOutAndComeBack() throws {
        var table = RangeTable(try #require(PodRanges(clusterCIDR: "10.244.0.0/22")))
        table.note("b", has: ["10.244.1.0/24"])
        let given = ["a", "c", "d", "e"].map { table.give($0) }
        #expect(given == ["10.244.0.0/24", "10.244.2.0/24", "10.244.3.0/24", nil])
        #expect(table.isFull)
        // Asked again before the informer has seen the first answer.
        #expect(table.give("d") == "10.244.3.0/24")
        table.release("c")
        #expect(table.give("e") == "10.244.2.0/24")
        // Two nodes with one range: it is free when both are gone.
        table.note("e", has: ["10.244.1.0/24"])
        #expect(table.give("f") == "10.244.2.0/24")
        table.release("b")
        #expect(table.isFull)
        table.release("e")
        #expect(table.give("g") == "10.244.1.0/24")
    }

    @Test func aFreedRangeIsNotUsedAgainAtOnce() throws {
        var table = RangeTable(try #require(PodRanges(clusterCIDR: "10.0.0.0/16")))
        #expect(table.give("a") == "10.0.0.0/24")
        table.release("a")
        #expect(table.give("b") == "10.0.1.0/24")
        for number in 2..<256 { _ = table.give("n\(number)") }
        #expect(table.give("c") == "10.0.0.0/24")
        #expect(table.give("d") == nil)
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

/// A pace that is kept in a class, since expectations cannot change values.
private final class Paced {
    private var pace = EvictionPace()

    var isHalted: Bool { pace.isHalted }

    func update(_ nodes: [(zone: String, isReady: Bool)], now: Duration) -> [String]? { pace.update(nodes, now: now) }
    func mayEvict(_ node: String, zone: String, now: Duration) -> Bool { pace.mayEvict(node, zone: zone, now: now) }
    func forget(_ node: String) { pace.forget(node) }
}

@Suite struct EvictionPaceTests {
    private func nodes(ready: Int, lost: Int, zone: String = "a") -> [(zone: String, isReady: Bool)] {
        Array(repeating: (zone, true), count: ready) + Array(repeating: (zone, false), count: lost)
    }

    @Test func lostNodesAreEmptiedOneAfterTheOther() {
        let pace = Paced()
        #expect(pace.update(nodes(ready: 5, lost: 2), now: .zero) == [])
        #expect(pace.mayEvict("n1", zone: "a", now: .zero))
        #expect(pace.mayEvict("n1", zone: "a", now: .zero))
        #expect(!pace.mayEvict("n2", zone: "a", now: .zero))
        // Ten seconds for each; what has not been used does not add up.
        #expect(pace.update(nodes(ready: 5, lost: 2), now: .seconds(5)) == [])
        #expect(pace.update(nodes(ready: 5, lost: 2), now: .seconds(10)) == ["n2"])
        #expect(pace.mayEvict("n2", zone: "a", now: .seconds(10)))
        #expect(pace.mayEvict("n3", zone: "a", now: .seconds(100)))
        #expect(!pace.mayEvict("n4", zone: "a", now: .seconds(100)))
        // Well again, and lost again: it waits anew.
        pace.forget("n1")
        #expect(!pace.mayEvict("n1", zone: "a", now: .seconds(101)))
    }

    @Test func theEvictionsOfOneZoneDoNotHoldUpThoseOfAnother() {
        let pace = Paced()
        _ = pace.update(nodes(ready: 5, lost: 1) + nodes(ready: 5, lost: 1, zone: "b"), now: .zero)
        #expect(pace.mayEvict("a1", zone: "a", now: .zero))
        #expect(!pace.mayEvict("a2", zone: "a", now: .zero))
        #expect(pace.mayEvict("b1", zone: "b", now: .zero))
    }

    @Test(arguments: [(4, 6, 0), (40, 60, 100), (41, 50, 10), (0, 60, 10)])
    func whereManyAreLostThePaceDrops(ready: Int, lost: Int, secondsForNext: Int) {
        let pace = Paced()
        // A second zone, so that the cluster as a whole is not lost.
        let all = nodes(ready: ready, lost: lost) + nodes(ready: 1, lost: 0, zone: "b")
        _ = pace.update(all, now: .zero)
        let first = pace.mayEvict("n1", zone: "a", now: .zero)
        #expect(first == (secondsForNext > 0))
        #expect(!pace.mayEvict("n2", zone: "a", now: .zero))
        if secondsForNext == 0 {
            #expect(pace.update(all, now: .seconds(1_000_000)) == [])
        } else {
            #expect(pace.update(all, now: .seconds(secondsForNext - 1)) == [])
            #expect(pace.update(all, now: .seconds(secondsForNext + 1)) == ["n2"])
        }
    }

    @Test func whenNoNodeIsReadyNothingIsEvicted() {
        let pace = Paced()
        _ = pace.update(nodes(ready: 1, lost: 1), now: .zero)
        #expect(pace.mayEvict("n1", zone: "a", now: .zero))
        // All nodes are to be looked at, so that taints that are there go.
        #expect(pace.update(nodes(ready: 0, lost: 2), now: .seconds(5)) == nil)
        #expect(pace.isHalted)
        #expect(!pace.mayEvict("n1", zone: "a", now: .seconds(50)))
        #expect(pace.update(nodes(ready: 0, lost: 2), now: .seconds(60)) == [])
        #expect(pace.update(nodes(ready: 1, lost: 1), now: .seconds(65)) == nil)
        #expect(pace.mayEvict("n1", zone: "a", now: .seconds(65)))
    }
}
