import CoreV1
import KubernetesAPI
import Testing

@testable import ControllerManager

/// The cases of upstream's replica calculator: what pods use, what of it counts, and how many replicas follow.
@Suite struct ReplicaCalculatorTests {
    private static let now: Int64 = 1_750_000_000

    enum State: Sendable {
        case ready, notReady, pending, failed, deleting
        /// Ready since a moment ago, in its first minutes.
        case starting
    }

    struct Case: Sendable, CustomStringConvertible {
        var description: String
        /// Thousandths of a core used by each pod; nil: not measured.
        var used: [Int64?]
        var states: [State] = []
        var request: Int64 = 1000
        var target: Int32
        var current: Int32?
        var replicas: Int32
        var utilization: Int32
    }

    private static func pods(_ states: [State], count: Int, request: Int64) -> [Pod] {
        (0..<count).map { index in
            let state = index < states.count ? states[index] : .ready
            return Pod { pod in
                pod.metadata.name = "pod-\(index)"
                pod.spec.containers = [
                    Container { container in
                        container.name = "c"
                        container.resources = ResourceRequirements { $0.requests = ["cpu": Quantity(milli: request)] }
                    }
                ]
                pod.status.phase = state == .pending ? "Pending" : state == .failed ? "Failed" : "Running"
                pod.status.startTime = Time(seconds: state == .starting ? now - 60 : now - 3600)
                if state == .deleting { pod.metadata.deletionTimestamp = Time(seconds: now) }
                pod.status.conditions = [
                    PodCondition { condition in
                        condition.type = "Ready"
                        condition.status = state == .notReady ? "False" : "True"
                        condition.lastTransitionTime = pod.status.startTime.map { Time(seconds: state == .starting ? now - 5 : $0.seconds) }
                    }
                ]
            }
        }
    }

    private static func metrics(_ used: [Int64?]) -> [String: PodMetric] {
        var metrics: [String: PodMetric] = [:]
        for (index, value) in used.enumerated() {
            if let value { metrics["pod-\(index)"] = PodMetric(value: value, time: now - 10, windowSeconds: 15) }
        }
        return metrics
    }

    private static func calculator(_ tolerance: Double = 0.1) -> ReplicaCalculator {
        ReplicaCalculator(settings: AutoscalerSettings(), tolerances: Tolerances(down: tolerance, up: tolerance), now: now)
    }

    private static let cases: [Case] = [
        Case(description: "up", used: [300, 500, 700], target: 30, replicas: 5, utilization: 50),
        Case(description: "down", used: [100, 300, 500, 250, 250], target: 50, replicas: 3, utilization: 28),
        Case(description: "within tolerance", used: [1010, 1030, 1020], target: 100, replicas: 3, utilization: 102),
        Case(description: "up, one unready: less", used: [300, 500, 700], states: [.notReady], target: 30, replicas: 4, utilization: 60),
        Case(description: "up, one starting: less", used: [300, 500, 700], states: [.starting], target: 30, replicas: 4, utilization: 60),
        Case(
            description: "up, two unready: no change", used: [400, 500, 700], states: [.ready, .notReady, .notReady], target: 30, replicas: 3,
            utilization: 40),
        Case(
            description: "up, pending pods take what they will use", used: [300, 500, 700, nil, nil],
            states: [.ready, .ready, .ready, .pending, .pending], target: 30, current: 3, replicas: 3, utilization: 50),
        Case(
            description: "up, failed pods do not count", used: [500, 700, nil, nil], states: [.ready, .ready, .failed, .failed], target: 50,
            current: 2, replicas: 3, utilization: 60),
        Case(
            description: "pods that are deleted do not count", used: [1000, 1000, 0], states: [.ready, .ready, .deleting], target: 100,
            current: 2, replicas: 2, utilization: 100),
        Case(
            description: "down, unready pods do not count", used: [100, 300, 500, 250, 250], states: [.ready, .ready, .ready, .notReady, .notReady],
            target: 50, replicas: 2, utilization: 30),
        Case(description: "up, one not measured: as if it used nothing", used: [nil, 400, 800], target: 30, replicas: 4, utilization: 60),
        Case(description: "up, most not measured: no change", used: [nil, nil, nil, 1000], target: 50, current: 4, replicas: 4, utilization: 100),
        Case(
            description: "down, one not measured: as if it used all", used: [nil, 100, 100, 100, 100], target: 50, current: 5, replicas: 3,
            utilization: 10),
        Case(
            description: "down, most not measured: no change", used: [nil, nil, nil, 100], target: 50, current: 4, replicas: 4, utilization: 10),
    ]

    @Test(arguments: cases)
    func byUtilization(_ one: Case) throws {
        let pods = Self.pods(one.states, count: one.used.count, request: one.request)
        let proposal = try Self.calculator().byUtilization(
            one.target, of: "cpu", container: nil, current: one.current ?? Int32(one.used.count), pods: pods, metrics: Self.metrics(one.used))
        #expect(proposal.replicas == one.replicas)
        #expect(proposal.utilization == one.utilization)
    }

    @Test(
        "An average over pods",
        arguments: [
            // used, target, replicas, average
            ([20_000, 10_000, 30_000], 15_000, 4, 20_000), ([20_000, 10_000, 30_000], 20_000, 3, 20_000),
            ([10_000, 10_000, 10_000, 10_000, 10_000], 20_000, 3, 10_000), ([nil, 50_000, 10_000], 15_000, 4, 30_000),
            ([nil, 11_000, 13_000], 15_000, 3, 12_000),
        ] as [([Int64?], Int64, Int32, Int64)])
    func byAverage(_ used: [Int64?], _ target: Int64, _ replicas: Int32, _ average: Int64) throws {
        let pods = Self.pods([], count: used.count, request: 1)
        let proposal = try Self.calculator().byAverage(
            target, isCPU: false, current: Int32(used.count), pods: pods, metrics: Self.metrics(used))
        #expect(proposal == .init(replicas: replicas, utilization: nil, value: average))
    }

    @Test func valuesOfSomethingElse() throws {
        let pods = Self.pods([.ready, .ready, .notReady], count: 3, request: 1)
        let calculator = Self.calculator()
        #expect(try calculator.byValue(10_000, value: 20_000, current: 3, pods: pods).replicas == 4)
        #expect(try calculator.byValue(10_000, value: 10_500, current: 3, pods: pods).replicas == 3)
        #expect(try calculator.byValue(10_000, value: 25_000, current: 0, pods: []).replicas == 3)
        #expect(throws: NoProposal.self) { try calculator.byValue(10_000, value: 20_000, current: 3, pods: []) }
        #expect(calculator.byShare(50_000, value: 190_000, running: 3) == .init(replicas: 4, utilization: nil, value: 63_334))
        #expect(calculator.byShare(50_000, value: 150_000, running: 3).replicas == 3)
        #expect(calculator.byShare(50_000, value: 150_000, running: 0).replicas == 3)
    }

    @Test func whatIsMissingIsNamed() {
        func message(_ pods: [Pod], _ metrics: [String: PodMetric], container: String? = nil) -> String {
            do {
                _ = try Self.calculator().byUtilization(50, of: "memory", container: container, current: 1, pods: pods, metrics: metrics)
                return ""
            } catch { return "\(error)" }
        }
        let pods = Self.pods([], count: 1, request: 1000)
        #expect(message([], [:]) == "No pods returned by selector while calculating replica count")
        #expect(message(pods, Self.metrics([1])) == "missing request for memory in container c of Pod pod-0")
        #expect(message(pods, [:], container: "other") == "did not receive metrics for targeted pods (pods might be unready)")
    }

    @Test func toleranceIsForEachWayItsOwn() throws {
        var calculator = Self.calculator()
        calculator.tolerances = Tolerances(down: 0.5, up: 0)
        let pods = Self.pods([], count: 2, request: 1000)
        let up = try calculator.byUtilization(100, of: "cpu", container: nil, current: 2, pods: pods, metrics: Self.metrics([1010, 1010]))
        let down = try calculator.byUtilization(100, of: "cpu", container: nil, current: 2, pods: pods, metrics: Self.metrics([500, 500]))
        #expect(up.replicas == 3 && down.replicas == 2)
    }
}
