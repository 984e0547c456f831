import Testing

@testable import benchmarks

@Suite struct ReportTests {
    @Test(
        arguments: [
            (0.0, "0.00"), (0.384, "0.38"), (2.449, "2.45"), (9.996, "10.0"), (12.34, "12.3"), (99.96, "100"), (250.6, "251"), (999.9, "1,000"),
            (1234.5, "1,230"), (12345.6, "12,300"), (1_234_567, "1,230,000"), (.infinity, "?"), (.nan, "?"),
        ] as [(Double, String)])
    func numbersHaveThreeDigitsThatCount(_ value: Double, _ text: String) {
        #expect(Figures.number(value) == text)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")])
    func countsAreWhole(_ value: Int, _ text: String) {
        #expect(Figures.grouped(value) == text)
    }

    @Test func percentilesOfAHundred() {
        let latencies = Latencies((1...101).reversed().map { $0 * 1_000_000 })
        #expect(latencies.milliseconds(at: 0) == 1)
        #expect(latencies.milliseconds(at: 0.5) == 51)
        #expect(latencies.milliseconds(at: 0.99) == 100)
        #expect(latencies.milliseconds(at: 1) == 101)
        #expect(Figures.percentiles(latencies, 50, 99) == "p50 51.0 ms, p99 100 ms")
    }

    @Test func percentilesOfNothing() {
        #expect(Latencies().milliseconds(at: 0.5) == nil)
        #expect(Figures.percentiles(Latencies(), 50) == "p50 ?")
    }

    @Test func roundsCountByTheirMedian() {
        var all = Load.Measured()
        for rate in [100, 900, 110] {
            var round = Load.Measured()
            round.count = rate
            round.seconds = 1
            round.bytes = rate * 10
            all.add(round: round)
        }
        #expect(all.perSecond == 110)
        #expect((all.count, all.bytesEach) == (1110, 10))
        #expect(all.seconds == 3)
        #expect(all.megabytesPerSecond == 0.0011)
    }

    @Test func tableIsAlignedMarkdown() {
        var table = Table(against: "ceiling")
        table.add(.init(work: "get", ours: "10 /s", reference: "20 /s", ratio: "0.50", aim: "0.7 of the ceiling"))
        table.add(.init(work: "start a pod", ours: "0.3 s"))
        #expect(
            table.text == """
                | work        | ours  | ceiling | ratio | aim                |
                |-------------|-------|---------|-------|--------------------|
                | get         | 10 /s | 20 /s   | 0.50  | 0.7 of the ceiling |
                | start a pod | 0.3 s |         |       |                    |
                """)
    }
}
