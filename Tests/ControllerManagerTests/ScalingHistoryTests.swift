import AutoscalingV2
import KubernetesAPI
import Testing

@testable import ControllerManager

private func rules(_ select: String, _ policies: [HPAScalingPolicy]) -> HPAScalingRules {
    HPAScalingRules {
        $0.selectPolicy = select
        $0.policies = policies
    }
}

@Suite struct ScalingHistoryTests {
    @Test(
        "Without behavior",
        arguments: [
            // wanted, current, minimum, maximum; result
            (5, 3, 1, 10, 5, "DesiredWithinRange"), (0, 3, 1, 10, 1, "TooFewReplicas"), (12, 8, 1, 10, 10, "TooManyReplicas"),
            (10, 1, 1, 20, 4, "ScaleUpLimit"), (30, 6, 1, 100, 12, "ScaleUpLimit"), (2, 3, 1, 10, 2, "DesiredWithinRange"),
        ] as [(Int32, Int32, Int32, Int32, Int32, String)])
    func limits(_ wanted: Int32, _ current: Int32, _ minimum: Int32, _ maximum: Int32, _ replicas: Int32, _ reason: String) {
        let verdict = ScalingHistory.limited(wanted, current: current, minimum: minimum, maximum: maximum)
        #expect(verdict.replicas == replicas)
        #expect(verdict.reason == reason)
    }

    @Test func theHighestRecommendationHoldsForTheWindow() {
        var history = ScalingHistory()
        history.begin(5, now: 0)
        history.begin(9, now: 0)
        #expect(history.stabilized(2, window: 300, now: 100) == 5)
        #expect(history.stabilized(3, window: 300, now: 200) == 5)
        #expect(history.stabilized(2, window: 300, now: 301) == 3)
        #expect(history.stabilized(1, window: 300, now: 501) == 2)
        #expect(history.stabilized(7, window: 300, now: 502) == 7)
    }

    @Test func windowsHoldBothWays() {
        var history = ScalingHistory()
        history.begin(5, now: 0)
        // Going up waits for the lowest of its window, going down for the highest of its own.
        #expect(history.stabilized(8, current: 5, upWindow: 60, downWindow: 120, now: 30).replicas == 5)
        #expect(history.stabilized(8, current: 5, upWindow: 60, downWindow: 120, now: 61).replicas == 8)
        let down = history.stabilized(2, current: 8, upWindow: 60, downWindow: 120, now: 100)
        #expect(down.replicas == 8 && down.reason == "ScaleDownStabilized")
        #expect(history.stabilized(2, current: 8, upWindow: 60, downWindow: 120, now: 182).replicas == 2)
    }

    @Test(
        "Policies",
        arguments: [
            // wanted, current, up select, down select; result
            (100, 10, "Max", "Max", 20, "ScaleUpLimit"), (100, 10, "Min", "Max", 14, "ScaleUpLimit"),
            (100, 10, "Disabled", "Max", 10, "ScaleUpLimit"),
            (12, 10, "Max", "Max", 12, "DesiredWithinRange"), (60, 40, "Max", "Max", 50, "TooManyReplicas"),
            (1, 20, "Max", "Max", 10, "ScaleDownLimit"), (1, 20, "Max", "Min", 18, "ScaleDownLimit"),
            (1, 20, "Max", "Disabled", 20, "ScaleDownLimit"),
            (1, 4, "Max", "Max", 3, "TooFewReplicas"),
        ] as [(Int32, Int32, String, String, Int32, String)])
    func policies(_ wanted: Int32, _ current: Int32, _ up: String, _ down: String, _ replicas: Int32, _ reason: String) {
        let verdict = ScalingHistory().limited(
            wanted, current: current, minimum: 3, maximum: 50, up: rules(up, HPAScalingRules.up.policies),
            down: rules(down, [.init("Pods", 2, seconds: 60), .init("Percent", 50, seconds: 60)]), now: 1000)
        #expect(verdict.replicas == replicas)
        #expect(verdict.reason == reason)
    }

    @Test func whatWasDoneInThePeriodCounts() {
        let up = rules("Max", [.init("Pods", 4, seconds: 60)])
        let down = rules("Max", [.init("Percent", 50, seconds: 60)])
        var history = ScalingHistory()
        func limited(_ wanted: Int32, from current: Int32, at now: Int64) -> Int32 {
            history.limited(wanted, current: current, minimum: 1, maximum: 100, up: up, down: down, now: now).replicas
        }
        history.scaled(from: 10, to: 13, up: up, down: down, now: 100)
        #expect(limited(50, from: 13, at: 110) == 14)
        #expect(limited(50, from: 14, at: 161) == 18)
        history.scaled(from: 20, to: 10, up: up, down: down, now: 200)
        // Twenty at the beginning of the period, less the three that came: half of it is gone already.
        #expect(limited(1, from: 10, at: 210) == 10)
        #expect(limited(1, from: 10, at: 261) == 5)
    }

    @Test func whatIsLeftOutIsFilledIn() {
        let given = HPAScalingRules {
            $0.selectPolicy = "Min"
            $0.tolerance = Quantity(milli: 50)
        }
        let full = given.completed(from: .up)
        #expect(full.selectPolicy == "Min" && full.policies.count == 2 && full.stabilizationWindowSeconds == 0 && full.tolerance?.milliValue == 50)
        #expect(given.completed(from: .down).stabilizationWindowSeconds == nil)
    }
}
