import CoreV1
import JSON
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct StatusPatchTests {
    @Test func onlyWhatChangedAndOnlyOurs() {
        let pod = Sample.pod {
            $0.status.phase = "Pending"
            $0.status.reason = "Old"
            $0.status.podIPs = [PodIP { $0.ip = "10.1.0.1" }]
            $0.status.conditions = [
                PodCondition {
                    $0.type = "Ready"
                    $0.status = "False"
                },
                PodCondition {
                    $0.type = "example.com/gate"
                    $0.status = "True"
                },
            ]
        }
        var status = pod.status
        status.phase = "Running"
        status.reason = nil
        status.podIPs = [PodIP { $0.ip = "10.1.0.2" }]
        status.conditions = [
            PodCondition {
                $0.type = "Ready"
                $0.status = "True"
            },
            PodCondition {
                $0.type = "example.com/gate"
                $0.status = "True"
            },
        ]
        let patch = StatusPatch.make(pod, to: status)
        #expect(
            patch == [
                "metadata": ["uid": "uid-1"],
                "status": [
                    "phase": "Running", "reason": nil, "podIPs": [["ip": "10.1.0.2"], ["$patch": "delete", "ip": "10.1.0.1"]],
                    "conditions": [["type": "Ready", "status": "True"]],
                ],
            ])
    }
}

@Suite struct ProbeCounterTests {
    private func verdicts(_ kind: ProbeKind, failure: Int32 = 3, success: Int32 = 1, initial: Bool? = nil, _ findings: [ProbeFinding]) -> [Bool?] {
        var counter = ProbeCounter(
            kind: kind,
            probe: Probe {
                $0.failureThreshold = failure
                $0.successThreshold = success
            }, initial: initial)
        return findings.map { counter.take($0) }
    }

    @Test func thresholds() {
        let bad = ProbeFinding.failure("x")
        #expect(verdicts(.liveness, initial: true, [bad, bad, bad, bad]) == [nil, nil, false, nil])
        #expect(verdicts(.liveness, initial: true, [bad, bad, .success, bad, bad]) == [nil, nil, nil, nil, nil])
        #expect(verdicts(.readiness, success: 2, initial: false, [.success, .success, bad, bad, bad]) == [nil, true, nil, nil, false])
        #expect(verdicts(.startup, failure: 1, [bad]) == [false])
        #expect(verdicts(.readiness, initial: false, [.unknown("?"), .success]) == [nil, true])
    }

    @Test func redirects() {
        #expect(HTTPChecker.resolve("/b", against: "http://h:1/a") == "http://h:1/b")
        #expect(HTTPChecker.resolve("c", against: "http://h:1/a/b?q") == "http://h:1/a/c")
        #expect(HTTPChecker.resolve("https://x/y", against: "http://h:1/a") == "https://x/y")
        #expect(HTTPChecker.host("http://h:1/a") == "h:1")
    }
}
