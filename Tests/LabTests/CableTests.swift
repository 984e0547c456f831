import JSON
import Testing

@testable import Lab

@Suite struct CableTests {
    @Test(
        arguments: [
            ("20ms", "5%", "1mbit", ["20000", "50000", "1000000"]), ("0.5ms", "0.5%", "500kbit", ["500", "5000", "500000"]),
            ("1s", "100%", "2500bit", ["1000000", "1000000", "2500"]), ("250US", nil, nil, ["250", "0", "0"]),
            (nil, nil, "1Gbit", ["0", "0", "1000000000"]),
        ] as [(String?, String?, String?, [String])])
    func slownessIsRead(latency: String?, loss: String?, rate: String?, arguments: [String]) throws {
        let slowness = try Slowness(latency: latency, loss: loss, rate: rate)
        #expect(slowness.arguments == arguments)
        #expect(Slowness(arguments: slowness.arguments) == slowness)
        var state = LinkState()
        state.slowness = slowness
        #expect(LinkState(state.json) == state)
    }

    @Test(
        arguments: [
            ("20", nil, nil), ("11s", nil, nil), ("-1ms", nil, nil), (nil, "101%", nil), (nil, "5", nil), (nil, nil, "10"), (nil, nil, "1bit"),
            (nil, nil, "nanbit"), ("infms", nil, nil),
        ] as [(String?, String?, String?)])
    func whatIsNoSlowness(latency: String?, loss: String?, rate: String?) {
        #expect(throws: LabError.self) { try Slowness(latency: latency, loss: loss, rate: rate) }
    }

    @Test func cableIsToldInWords() throws {
        var state = LinkState()
        #expect(state.description.isEmpty)
        state.isCut = true
        state.slowness = try Slowness(latency: "1.5ms", loss: "2%", rate: "1mbit")
        #expect(state.description == "cut off, latency 1.5 ms, loss 2 %, rate 1000 kbit/s")
    }

    @Test func framesComeLateAndInOrder() throws {
        var line = DelayLine(try Slowness(latency: "10ms", loss: nil, rate: nil))
        var random = SystemRandomNumberGenerator()
        line.take([1], bits: 8, at: 0, using: &random)
        line.take([2], bits: 8, at: 4_000_000, using: &random)
        #expect(line.nextDue == 10_000_000)
        #expect(line.release(at: 9_999_999) == nil)
        #expect(line.release(at: 10_000_000) == [1])
        #expect(line.release(at: 10_000_000) == nil)
        #expect(line.nextDue == 14_000_000)
        #expect(line.release(at: 20_000_000) == [2])
        #expect(line.nextDue == nil)
    }

    @Test func framesWaitForEachOtherWhereTheRateIsLow() throws {
        var line = DelayLine(try Slowness(latency: nil, loss: nil, rate: "1mbit"))
        var random = SystemRandomNumberGenerator()
        for number in 0..<3 { line.take([UInt8(number)], bits: 10_000, at: 0, using: &random) }
        #expect(line.release(at: 10_000_000) == [0])
        #expect(line.release(at: 19_999_999) == nil)
        #expect(line.release(at: 30_000_000) == [1])
        #expect(line.release(at: 30_000_000) == [2])
        // What comes after a pause finds the line free.
        line.take([9], bits: 10_000, at: 100_000_000, using: &random)
        #expect(line.nextDue == 110_000_000)
    }

    @Test func aShareOfFramesIsLost() throws {
        var random = CountingGenerator()
        var line = DelayLine(try Slowness(latency: nil, loss: "25%", rate: nil))
        var through = 0
        for _ in 0..<400 {
            line.take([0], bits: 8, at: 0, using: &random)
            while line.release(at: 0) != nil { through += 1 }
        }
        #expect(through == 300)
        var none = DelayLine(try Slowness(latency: nil, loss: "100%", rate: nil))
        none.take([0], bits: 8, at: 0, using: &random)
        #expect(none.nextDue == nil)
    }

    @Test func theQueueHasAnEnd() throws {
        var line = DelayLine(try Slowness(latency: "1s", loss: nil, rate: nil))
        var random = SystemRandomNumberGenerator()
        for _ in 0..<(DelayLine.framesMax + 10) { line.take([0], bits: 8, at: 0, using: &random) }
        var count = 0
        while line.release(at: 2_000_000_000) != nil { count += 1 }
        #expect(count == DelayLine.framesMax)
    }

    @Test func cablesAreLaidByCommands() throws {
        var random = SystemRandomNumberGenerator()
        let machine = MachinePlan(hostname: "a", index: 3, address: "10.0.2.18", using: &random)
        var state = LinkState()
        #expect(Cabling.connect(machine, state) == ["link set dev port3 master lab"])
        state.slowness = try Slowness(latency: "1ms", loss: nil, rate: nil)
        #expect(Cabling.connect(machine, state).first == "link add name slow3a type veth peer name slow3b")
        #expect(Cabling.unplug(machine, wasSlow: true) == ["link set dev port3 nomaster", "link delete dev slow3a"])
        state.isCut = true
        #expect(Cabling.connect(machine, state).isEmpty)
    }

    @Test func answersOfAMachineAreOneLine() {
        #expect(BootDialogue.Answer("up") == .up)
        let failure = BootDialogue.Answer.failed("cannot mount\nx")
        #expect(failure.line == "failed cannot mount; x\n")
        #expect(BootDialogue.Answer(String(failure.line.dropLast())) == .failed("cannot mount; x"))
        #expect(BootDialogue.Answer("Fatal error") == .failed("Fatal error"))
    }
}

/// Evenly spread values, the same in every run.
private struct CountingGenerator: RandomNumberGenerator {
    private var count: UInt64 = 0

    mutating func next() -> UInt64 {
        count += 1
        return count &* (UInt64.max / 400)
    }
}
