import AppsV1
import CoreV1
import KubernetesAPI
import Testing

@testable import ControllerManager

@Suite struct RollingNumbersTests {
    @Test(
        arguments: [
            // wanted, maxSurge, maxUnavailable; the resolved surge and unavailability
            (3, "25%", "25%", 1, 0),
            (10, "25%", "25%", 3, 2),
            (1, "0%", "0%", 0, 1),
            (4, "100%", "50%", 4, 2),
        ] as [(Int32, String, String, Int32, Int32)])
    func percentagesRoundAwayFromUnavailability(wanted: Int32, surge: String, unavailable: String, maxSurge: Int32, maxUnavailable: Int32) {
        let deployment = Deployment { deployment in
            deployment.spec.replicas = wanted
            deployment.spec.strategy = DeploymentStrategy { strategy in
                strategy.type = "RollingUpdate"
                strategy.rollingUpdate = RollingUpdateDeployment { rolling in
                    rolling.maxSurge = .string(surge)
                    rolling.maxUnavailable = .string(unavailable)
                }
            }
        }
        let expected = RollingNumbers(wanted: wanted, maxSurge: maxSurge, maxUnavailable: maxUnavailable)
        #expect(RollingNumbers(deployment) == expected)
    }

    @Test func theNewSetGrowsOnlyIntoTheSurge() {
        let numbers = RollingNumbers(wanted: 3, maxSurge: 1, maxUnavailable: 0)
        #expect(numbers.newSize(current: 0, total: 3) == 1)
        #expect(numbers.newSize(current: 1, total: 4) == 1)
        #expect(numbers.newSize(current: 2, total: 3) == 3)
    }

    @Test func oldPodsGoOnlyWhenNewOnesAreAvailable() {
        let numbers = RollingNumbers(wanted: 3, maxSurge: 1, maxUnavailable: 0)
        #expect(numbers.removableOld(total: 4, newSize: 1, newAvailable: 0) == 0)
        #expect(numbers.removableOld(total: 4, newSize: 1, newAvailable: 1) == 1)
    }

    @Test func aLateStatusCountsNoMorePodsThanAreWanted() {
        let set = ReplicaSet {
            $0.spec.replicas = 2
            $0.status.availableReplicas = 3
        }
        #expect(set.availableCount == 2)
    }

    @Test func scalingInARolloutKeepsTheProportions() {
        func set(_ size: Int32) -> ReplicaSet {
            ReplicaSet { set in
                set.spec.replicas = size
                set.metadata.annotations[ReplicaSet.maxReplicasAnnotation] = "13"
            }
        }
        let sizes = DeploymentController.proportionalSizes([set(8), set(5)], allowed: 33)
        #expect(sizes.reduce(0, +) == 33)
        #expect(sizes == [20, 13])
        #expect(DeploymentController.proportionalSizes([set(8), set(5)], allowed: 0) == [0, 0])
    }

    @Test func aTemplatesHashIgnoresItsOwnLabelAndNothingElse() {
        var template = PodTemplateSpec()
        template.metadata.labels = ["app": "web"]
        let hash = template.hash(collisions: nil)
        template.metadata.labels[ReplicaSet.templateHashLabel] = hash
        #expect(template.hash(collisions: nil) == hash)
        #expect(template.hash(collisions: 1) != hash)
        template.metadata.labels["app"] = "other"
        #expect(template.hash(collisions: nil) != hash)
    }
}
