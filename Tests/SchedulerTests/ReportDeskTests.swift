import CoreV1
import KubernetesAPI
import Testing

@testable import Scheduler

@Suite struct ReportDeskTests {
    private func report(_ name: String, _ message: String = "") -> Report {
        var pod = Pod()
        pod.metadata.uid = name
        return Report(pod: pod, message: message)
    }

    @Test func theNewestReportOfEachPodIsWrittenInOrder() {
        let desk = ReportDesk()
        for (name, message) in [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4")] { desk.submit(report(name, message)) }
        desk.withdraw(uid: "b")
        #expect(desk.takesReporter())
        #expect(desk.next()?.message == "4")
        #expect(desk.next()?.message == "3")
        #expect(desk.next()?.message == nil)
    }

    @Test func thereAreNoMoreReportersThanReportsOrThanTheLimit() {
        let desk = ReportDesk()
        #expect(!desk.takesReporter())
        for number in 0..<10 { desk.submit(report("\(number)")) }
        #expect((0..<10).filter { _ in desk.takesReporter() }.count == ReportDesk.reportersMax)
        for _ in 0..<ReportDesk.reportersMax { while desk.next() != nil {} }
        desk.submit(report("again"))
        #expect(desk.takesReporter())
    }
}
