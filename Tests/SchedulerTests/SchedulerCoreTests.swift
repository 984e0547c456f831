import Testing

@testable import Scheduler

/// Plays the script and compares the decisions.
private func check(_ script: String, _ expected: [String], _ location: SourceLocation = #_sourceLocation) throws {
    let lines = try Dialogue.play(script)
    #expect(lines == expected, sourceLocation: location)
}

private let noVictims = "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
private let notHelpful = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."

@Suite struct SchedulerFilterTests {
    @Test func aPodGoesToTheOnlyNode() throws {
        try check("node n1\npod p cpu=1\nschedule", ["p -> n1"])
    }

    @Test func withoutNodesThereIsNothingToSay() throws {
        try check("pod p\nschedule", ["p: no nodes available to schedule pods"])
    }

    @Test func resourcesThatAreTakenCount() throws {
        try check(
            """
            node n1 cpu=2 memory=1Gi
            pod a cpu=1500m memory=512Mi
            pod b cpu=1 memory=1Gi
            schedule
            """,
            ["a -> n1", "b: 0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. \(noVictims)"])
    }

    @Test func aRequestLargerThanTheNodeCannotBePreemptedFor() throws {
        try check(
            "node n1 cpu=2\npod b cpu=3\nschedule", ["b: 0/1 nodes are available: 1 Insufficient cpu. \(notHelpful)"])
    }

    @Test func podsAndExtendedResourcesAreCounted() throws {
        try check(
            """
            node n1 pods=2 example.com/gpu=1
            pod a example.com/gpu=1
            pod b example.com/gpu=1
            pod c
            pod d
            schedule
            """,
            [
                "a -> n1", "b: 0/1 nodes are available: 1 Insufficient example.com/gpu. \(noVictims)", "c -> n1",
                "d: 0/1 nodes are available: 1 Too many pods. \(noVictims)",
            ])
    }

    @Test func initContainersSidecarsAndOverheadCount() throws {
        // Init containers run one after the other (the larger counts), beside the sidecars before them.
        let spec =
            #"{"initContainers":[{"name":"s","restartPolicy":"Always","resources":{"requests":{"cpu":"1"}}},"#
            + #"{"name":"i","resources":{"requests":{"cpu":"3"}}}],"#
            + #""containers":[{"name":"c","resources":{"requests":{"cpu":"1"}}}],"overhead":{"cpu":"500m"}}"#
        try check("node n1 cpu=4500m\npod p spec=\(spec)\nschedule", ["p -> n1"])
        try check(
            "node n1 cpu=4400m\npod p spec=\(spec)\nschedule", ["p: 0/1 nodes are available: 1 Insufficient cpu. \(notHelpful)"])
    }

    @Test func everyReasonIsCountedAndSorted() throws {
        try check(
            """
            node n1 taint=a=b:NoSchedule
            node n2 taint=c=d:NoExecute
            node n3 cordoned
            node n4 label=disk=hdd
            node n5 label=disk=ssd cpu=1
            pod p cpu=2 select=disk=ssd
            schedule
            """,
            [
                "p: 0/5 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector, "
                    + "1 node(s) were unschedulable, 2 node(s) had untolerated taint(s). "
                    + "preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling."
            ])
    }

    @Test func toleratedTaintsAndCordonsLetPodsIn() throws {
        try check(
            """
            node n1 taint=a=b:NoSchedule cordoned
            pod p tolerate=a tolerate=node.kubernetes.io/unschedulable
            schedule
            """, ["p -> n1"])
    }

    @Test(arguments: [
        (#"{"key":"size","operator":"Gt","values":["5"]}"#, "n2"), (#"{"key":"size","operator":"Lt","values":["5"]}"#, "n1"),
        (#"{"key":"size","operator":"In","values":["7","8"]}"#, "n2"), (#"{"key":"size","operator":"NotIn","values":["7"]}"#, "n1"),
        (#"{"key":"big","operator":"Exists"}"#, "n2"), (#"{"key":"big","operator":"DoesNotExist"}"#, "n1"),
    ])
    func nodeAffinityOperators(expression: String, node: String) throws {
        let spec =
            #"{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":["#
            + expression + "]}]}}}}"
        try check("node n1 label=size=3\nnode n2 label=size=7 label=big=yes\npod p spec=\(spec)\nschedule", ["p -> \(node)"])
    }

    @Test func podsOfDaemonSetsGoToTheirNode() throws {
        let spec =
            #"{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchFields":["#
            + #"{"key":"metadata.name","operator":"In","values":["n2"]}]}]}}}}"#
        try check("node n1\nnode n2\nnode n3\npod p spec=\(spec)\nschedule", ["p -> n2"])
        try check(
            "node n1\nnode n2 cpu=1\nnode n3\npod p spec=\(spec) cpu=2\nschedule",
            [
                "p: 0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. "
                    + "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
            ])
    }

    @Test func hostPortsAreTakenOnce() throws {
        try check(
            "node n1\npod a port=80\npod b port=80\npod c port=81\nschedule",
            ["a -> n1", "b: 0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. \(noVictims)", "c -> n1"])
    }

    @Test func antiAffinityKeepsPodsApartInBothDirections() throws {
        let apart =
            #"{"affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"kubernetes.io/hostname","#
            + #""labelSelector":{"matchLabels":{"app":"x"}}}]}}}"#
        try check(
            """
            node n1
            pod a label=app=x spec=\(apart)
            pod b label=app=x spec=\(apart)
            pod c label=app=x
            pod d label=app=y
            schedule
            """,
            [
                "a -> n1", "b: 0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules. \(noVictims)",
                "c: 0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules. \(noVictims)", "d -> n1",
            ])
    }

    @Test func affinityFollowsAndTheFirstOfAGroupMayStart() throws {
        let near =
            #"{"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"zone","#
            + #""labelSelector":{"matchLabels":{"app":"x"}}}]}}}"#
        try check(
            """
            node n1 label=zone=a
            node n2 label=zone=b
            pod other label=app=y spec=\(near)
            schedule
            pod a label=app=x node=n2
            schedule
            pod b label=app=x spec=\(near)
            schedule
            """,
            [
                "other: 0/2 nodes are available: 2 node(s) didn't match pod affinity rules. "
                    + "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
                "other -> n2", "b -> n2",
            ])
        try check("node n1 label=zone=a\npod a label=app=x spec=\(near)\nschedule", ["a -> n1"])
    }

    @Test func affinityLooksAcrossNamespacesByTheirLabels() throws {
        let near =
            #"{"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"kubernetes.io/hostname","#
            + #""labelSelector":{"matchLabels":{"app":"x"}},"namespaceSelector":{"matchLabels":{"team":"t"}}}]}}}"#
        try check(
            """
            namespace other label=team=t
            namespace wrong label=team=u
            node n1
            node n2
            pod a label=app=x node=n1 namespace=wrong
            pod b label=app=x node=n2 namespace=other
            pod p spec=\(near)
            schedule
            """, ["p -> n2"])
    }

    @Test func spreadConstraintsHoldTheSkew() throws {
        let spread =
            #"{"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","#
            + #""labelSelector":{"matchLabels":{"app":"x"}}}]}"#
        try check(
            """
            node n1 label=zone=a
            node n2 label=zone=b cpu=1
            node n3
            pod a label=app=x node=n1
            pod b label=app=x cpu=1 spec=\(spread)
            pod c label=app=x cpu=1 spec=\(spread)
            pod d label=app=x cpu=1 spec=\(spread)
            schedule
            """,
            [
                "b -> n2", "c -> n1",
                "d: 0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints, "
                    + "1 node(s) didn't match pod topology spread constraints (missing required label). "
                    + "preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, "
                    + "2 No preemption victims found for incoming pod.",
            ])
    }

    @Test func otherSchedulersPodsAndEndedPodsAreLeftAlone() throws {
        try check(
            """
            node n1 cpu=1
            pod a spec={"schedulerName":"mine"}
            pod b cpu=1 node=n1 phase=Succeeded
            pod c cpu=1
            schedule
            """, ["c -> n1"])
    }
}

@Suite struct SchedulerScoreTests {
    @Test func emptierNodesAreBetter() throws {
        try check("node n1\nnode n2\npod a cpu=2 node=n1\npod p cpu=1\nschedule", ["p -> n2"])
    }

    @Test func podsOfOneControllerSpread() throws {
        try check(
            """
            node n1 cpu=64 memory=64Gi
            node n2
            node n3
            pod a owner=rs node=n2
            pod b owner=rs node=n3
            pod c owner=rs
            schedule
            pod d owner=rs node=n1
            pod e owner=rs node=n1
            pod f owner=rs cpu=100m
            schedule
            """, ["c -> n1", "f -> n2"])
    }

    @Test func taintsThatOnlyDiscourageAreAvoided() throws {
        try check("node n1 cpu=64 memory=64Gi taint=a=b:PreferNoSchedule\nnode n2\npod p cpu=1\nschedule", ["p -> n2"])
    }

    @Test func preferredNodesWin() throws {
        let spec =
            #"{"affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"preference":{"#
            + #""matchExpressions":[{"key":"disk","operator":"In","values":["ssd"]}]}}]}}}"#
        try check("node n1\nnode n2 label=disk=ssd\nnode n3\npod p spec=\(spec)\nschedule", ["p -> n2"])
    }

    @Test func nodesThatHaveTheImageAreBetter() throws {
        try check(
            "node n1\nnode n2 image=big:latest=900000000\nnode n3\npod p image=big\nschedule", ["p -> n2"])
    }

    @Test func preferredAffinityPullsAndPushes() throws {
        func spec(_ kind: String) -> String {
            #"{"affinity":{"\#(kind)":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":100,"podAffinityTerm":{"#
                + #""topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"x"}}}}]}}}"#
        }
        try check("node n1\nnode n2\npod a label=app=x node=n1\npod p spec=\(spec("podAffinity"))\nschedule", ["p -> n1"])
        try check("node n1\nnode n2\npod a label=app=x node=n1\npod p spec=\(spec("podAntiAffinity"))\nschedule", ["p -> n2"])
    }

    @Test func preferredSpreadEvensOut() throws {
        let spread =
            #"{"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway","#
            + #""labelSelector":{"matchLabels":{"app":"x"}}}]}"#
        try check(
            """
            node n1 label=zone=a
            node n2 label=zone=b
            pod a label=app=x node=n1
            pod b label=app=x node=n1
            pod p label=app=x spec=\(spread)
            schedule
            """, ["p -> n2"])
    }

    @Test(arguments: [
        ("nginx", "nginx:latest"), ("r:5000/nginx", "r:5000/nginx:latest"), ("a/b:1", "a/b:1"), ("r:5000/a@sha256:ab", "r:5000/a@sha256:ab"),
    ])
    func imageNamesGetTheirTag(name: String, expected: String) {
        #expect(ImageLocalityScore.normalized(name) == expected)
    }

    @Test(arguments: [(50, 50), (100, 100), (300, 144), (1000, 420), (5000, 500), (10_000, 500)])
    func largeClustersAreSampled(nodes: Int, wanted: Int) {
        #expect(Framework.standard.feasibleNodesWanted(of: nodes) == wanted)
    }
}

@Suite struct SchedulerQueueTests {
    @Test func importantPodsGoFirstThenOlderOnes() throws {
        try check("node n1\npod a\npod b priority=10\npod c\npod d priority=10\nschedule", ["b -> n1", "d -> n1", "a -> n1", "c -> n1"])
    }

    @Test func gatedPodsWaitForTheirGates() throws {
        try check("node n1\npod a gate=wait\nschedule\npod a\nschedule", ["a -> n1"])
    }

    @Test func onlyAHelpfulChangeBringsAPodBack() throws {
        let first = "p: 0/1 nodes are available: 1 Insufficient cpu. \(noVictims)"
        try check(
            """
            node n1 cpu=2
            pod a cpu=2 node=n1
            pod p cpu=1
            schedule
            wait 60
            node n1 cpu=2 label=x=y
            namespace other
            schedule
            gone pod a
            schedule
            """, [first, "p -> n1"])
    }

    @Test func aChangeElsewhereDoesNotBringAPodBack() throws {
        let first =
            "p: 0/2 nodes are available: 2 Insufficient cpu. "
            + "preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."
        // What gets free is too little, a label changes nothing, a pod that is ending still takes its room, a third node is too small.
        try check(
            """
            node n1 cpu=2
            node n2 cpu=2
            pod a cpu=1 node=n1
            pod b cpu=1 node=n1
            pod c cpu=2 node=n2
            pod p cpu=2
            schedule
            wait 60
            gone pod a
            pod c cpu=2 node=n2 ending
            node n3 cpu=1
            schedule
            pod c cpu=1 node=n2
            schedule
            gone pod c
            schedule
            """, [first, "p -> n2"])
    }

    @Test func roomThatAWaitingPodWasPromisedIsOfferedToOthers() throws {
        try check(
            """
            node n1 cpu=1
            pod a cpu=1 node=n1 priority=1
            pod p cpu=1 priority=10
            schedule
            gone pod a
            pod q cpu=1 priority=5
            pod p cpu=1 priority=10 gate=later
            schedule
            gone pod p
            schedule
            """,
            [
                "p displaces a on n1: 0/1 nodes are available: 1 Insufficient cpu.",
                "q: 0/1 nodes are available: 1 Insufficient cpu. \(noVictims)", "q -> n1",
            ])
    }

    @Test func lowerPriorityThatLeavesMayMakePreemptionPossible() throws {
        let first =
            "p: 0/1 nodes are available: 1 Insufficient cpu. "
            + "preemption: 0/1 nodes are available: 1 Insufficient cpu."
        try check(
            """
            node n1 cpu=4
            pod a cpu=2 node=n1 priority=20
            pod b cpu=1 node=n1 priority=20
            pod c cpu=1 node=n1 priority=1
            pod p cpu=3 priority=10
            schedule
            wait 2
            gone pod a
            schedule
            """, [first, "p displaces c on n1: 0/1 nodes are available: 1 Insufficient cpu."])
    }

    @Test func podsThatSpreadAreTriedAgainWhereverTheChangeIs() throws {
        let spread =
            #"{"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","#
            + #""labelSelector":{"matchLabels":{"app":"x"}}}]}"#
        let first =
            "p: 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints. "
            + "preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."
        try check(
            """
            node n1 label=zone=a
            node n2 label=zone=b cpu=2
            pod full cpu=2 node=n2
            pod other label=app=x node=n1
            pod p label=app=x cpu=1 spec=\(spread)
            schedule
            wait 2
            gone pod other
            schedule
            """, [first, "p -> n1"])
    }

    @Test func manyFailuresAreFlushedInTheirOrder() throws {
        var script = "node n1 cpu=1\npod full cpu=1 node=n1\n"
        for number in 0..<200 { script += "pod p\(number) cpu=1\nwait 1\nschedule\n" }
        let lines = try Dialogue.play(script + "wait 101\nschedule\nwait 2\nschedule")
        let name = { (line: String) in line.split(separator: ":").first.map(String.init) ?? "" }
        #expect(lines.prefix(200).map(name) == (0..<200).map { "p\($0)" })
        // Those whose failure is 300 seconds old by then.
        #expect(lines.dropFirst(200).map(name) == (0..<3).map { "p\($0)" })
    }

    @Test(arguments: [
        ("node n1 cpu=1", "node n1 cpu=4", "pod p cpu=2"), ("node n1 taint=a=b:NoSchedule", "node n1", "pod p"),
        ("node n1 cordoned", "node n1", "pod p"), ("node n1", "node n1 label=disk=ssd", "pod p select=disk=ssd"),
    ])
    func aNodeThatChangesHelps(before: String, after: String, pod: String) throws {
        let lines = try Dialogue.play("\(before)\n\(pod)\nschedule\n\(before)\nschedule\n\(after)\nschedule")
        #expect(lines.count == 2)
        #expect(lines.last == "p -> n1")
    }

    @Test func whatWasKnownOfANodeThatIsGoneIsNotBelievedOfTheNext() throws {
        try check(
            """
            node n1 label=disk=ssd
            pod a select=disk=ssd
            schedule
            gone pod a
            gone node n1
            node n2
            pod b select=disk=ssd
            schedule
            """,
            ["a -> n1", "b: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. \(notHelpful)"])
    }

    @Test func aChangeOfThePodItselfHelps() throws {
        try check(
            "node n1\npod p select=disk=ssd\nschedule\npod p\nschedule",
            ["p: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. \(notHelpful)", "p -> n1"])
    }

    @Test func whatHappensWhileABindingIsOnItsWay() throws {
        // The pod is deleted: its room is free again.
        try check(
            "node n1 cpu=1\npod a cpu=1\nschedule\npod b cpu=1\nschedule\ngone pod a\nschedule",
            ["a -> n1", "b: 0/1 nodes are available: 1 Insufficient cpu. \(noVictims)", "b -> n1"])
        // The node goes, and then the binding is refused.
        try check(
            "node n1\npod a\nschedule\ngone node n1\nrefused a\nwait 1\nschedule\nnode n2\nschedule",
            ["a -> n1", "a: no nodes available to schedule pods", "a -> n2"])
        // The refused binding's room is offered to others before it is tried again.
        try check(
            "node n1 cpu=1\npod a cpu=1\nschedule\npod b cpu=1\nschedule\nrefused a\nschedule",
            ["a -> n1", "b: 0/1 nodes are available: 1 Insufficient cpu. \(noVictims)", "b -> n1"])
        // Somebody else bound it elsewhere: the room on the first node is free.
        try check(
            "node n1 cpu=1\nnode n2 cpu=1 cordoned\npod a cpu=1\nschedule\npod b cpu=1\nschedule\npod a cpu=1 node=n2\nschedule",
            [
                "a -> n1",
                "b: 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable. preemption: 0/2 nodes are available: "
                    + "1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.",
                "b -> n1",
            ])
    }

    @Test func thePauseAfterRefusalsGrows() throws {
        let twice = "node n1 cpu=1\npod p cpu=1\nschedule\nrefused p\nwait 1\nschedule\nrefused p\nwait 1\nschedule"
        try check(twice, ["p -> n1", "p -> n1"])
        try check(twice + "\nwait 1\nschedule", ["p -> n1", "p -> n1", "p -> n1"])
    }

    @Test func aNewNodeHelps() throws {
        try check(
            "pod p select=disk=ssd\nnode n1\nschedule\nnode n2 label=disk=ssd\nschedule",
            ["p: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. \(notHelpful)", "p -> n2"])
    }

    @Test func afterFiveMinutesItIsTriedAnyway() throws {
        let line = "p: 0/1 nodes are available: 1 Insufficient cpu. \(noVictims)"
        try check("node n1 cpu=2\npod a cpu=2 node=n1\npod p cpu=1\nschedule\nwait 299\nschedule\nwait 2\nschedule", [line, line])
    }

    @Test func aRefusedBindingIsTriedAgainAfterAPause() throws {
        try check(
            "node n1 cpu=1\npod p cpu=1\nschedule\nrefused p\nschedule\nwait 1\nschedule", ["p -> n1", "p -> n1"])
    }

    @Test func deletedPodsAreForgotten() throws {
        try check("pod p\ngone pod p\nnode n1\nschedule", [])
        try check("node n1 cpu=1\npod a cpu=1\nschedule\ngone pod a\npod b cpu=1\nschedule", ["a -> n1", "b -> n1"])
    }

    @Test(arguments: [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (60, 10)])
    func pausesDoubleUpToTheLimit(attempts: Int, seconds: Int) {
        #expect(SchedulingQueue.backoff(after: attempts) == .seconds(seconds))
    }
}

@Suite struct PreemptionTests {
    @Test func lowerPriorityMakesRoomWhereItHurtsLeast() throws {
        try check(
            """
            node n1 cpu=2
            node n2 cpu=2
            pod a cpu=2 node=n1 priority=5
            pod b cpu=1 node=n2 priority=1
            pod c cpu=1 node=n2 priority=1
            pod p cpu=1 priority=10
            schedule
            gone pod c
            schedule
            """,
            ["p displaces c on n2: 0/2 nodes are available: 2 Insufficient cpu.", "p -> n2"])
    }

    @Test func theNominatedNodeIsKeptFree() throws {
        try check(
            """
            node n1 cpu=1
            pod a cpu=1 node=n1 priority=1
            pod p cpu=1 priority=10
            schedule
            gone pod a
            pod q cpu=1 priority=5
            schedule
            """,
            [
                "p displaces a on n1: 0/1 nodes are available: 1 Insufficient cpu.",
                "q: 0/1 nodes are available: 1 Insufficient cpu. \(noVictims)", "p -> n1",
            ])
    }

    @Test func budgetsAreSpared() throws {
        try check(
            """
            node n1 cpu=1
            node n2 cpu=1
            budget keep label=app=x allowed=0
            pod a cpu=1 node=n1 label=app=x
            pod b cpu=1 node=n2 priority=3
            pod p cpu=1 priority=10
            schedule
            """, ["p displaces b on n2: 0/2 nodes are available: 2 Insufficient cpu."])
    }

    @Test func whoMayNotPreemptSaysSo() throws {
        try check(
            "node n1 cpu=1\npod a cpu=1 node=n1\npod p cpu=1 priority=10 never\nschedule",
            ["p: 0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never."])
    }

    @Test func youngerPodsGoFirst() throws {
        try check(
            """
            node n1 cpu=2
            pod old cpu=1 node=n1 start=100
            pod new cpu=1 node=n1 start=200
            pod p cpu=1 priority=1
            schedule
            """, ["p displaces new on n1: 0/1 nodes are available: 1 Insufficient cpu."])
    }

    @Test func equalPriorityDisplacesNobody() throws {
        try check(
            "node n1 cpu=1\npod a cpu=1 node=n1 priority=10\npod p cpu=1 priority=10\nschedule",
            ["p: 0/1 nodes are available: 1 Insufficient cpu. \(noVictims)"])
    }
}
