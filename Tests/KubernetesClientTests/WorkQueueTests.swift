import KubernetesClient
import Testing

@Suite struct WorkQueueTests {
    @Test func aKeyIsQueuedOnceAndNeverHandedToTwo() async {
        let queue = WorkQueue<String>()
        queue.add("a")
        queue.add("b")
        queue.add("a")
        #expect(queue.count == 2)
        #expect(await queue.next() == "a")
        queue.add("a")
        #expect(await queue.next() == "b")
        #expect(queue.count == 0)
        queue.done("a")
        #expect(await queue.next() == "a")
        queue.done("a")
        queue.done("b")
        queue.shutDown()
        #expect(await queue.next() == nil)
    }

    @Test func whatIsQueuedAtShutdownIsStillHandedOut() async {
        let queue = WorkQueue<Int>()
        for key in 0..<200 { queue.add(key) }
        queue.shutDown()
        queue.add(999)
        var seen: [Int] = []
        while let key = await queue.next() { seen.append(key) }
        #expect(seen == Array(0..<200))
    }

    @Test(.timeLimit(.minutes(1)))
    func delayedKeysComeWhenTheirTimeHasComeAndTheEarliestDelayCounts() async {
        let clock = ManualClock()
        let queue = WorkQueue<String>(time: clock.timeSource)
        queue.add("late", after: .seconds(20))
        queue.add("soon", after: .seconds(5))
        queue.add("late", after: .seconds(10))
        queue.add("late", after: .seconds(30))
        await clock.waitForSleepers()
        clock.advance(by: .seconds(5))
        #expect(await queue.next() == "soon")
        await clock.waitForSleepers()
        clock.advance(by: .seconds(5))
        #expect(await queue.next() == "late")
        queue.done("late")
        queue.done("soon")
        clock.advance(by: .seconds(60))
        queue.shutDown()
        #expect(await queue.next() == nil)
    }

    @Test(.timeLimit(.minutes(1)))
    func failuresDoubleThePauseUntilForgotten() async {
        let clock = ManualClock()
        let queue = WorkQueue<String>(time: clock.timeSource)
        for pause in [5, 10, 20, 40] {
            queue.addRateLimited("a")
            await clock.waitForSleepers()
            clock.advance(by: .milliseconds(pause - 1))
            #expect(queue.count == 0)
            clock.advance(by: .milliseconds(1))
            #expect(await queue.next() == "a")
            queue.done("a")
        }
        #expect(queue.requeueCount("a") == 4)
        queue.forget("a")
        queue.addRateLimited("a")
        await clock.waitForSleepers()
        clock.advance(by: .milliseconds(5))
        #expect(await queue.next() == "a")
    }

    @Test(.timeLimit(.minutes(1)))
    func workersRetryUntilItWorks() async {
        struct Failure: Error {}
        let queue = WorkQueue<Int>(limits: RequeueLimits(base: .microseconds(10)))
        let tries = Recorded<Int>()
        let run = Task {
            await runWorkers(queue: queue, count: 4) { key in
                tries.append(key)
                if key % 3 == 0, tries.values.filter({ $0 == key }).count < 3 { throw Failure() }
            }
        }
        for key in 0..<30 { queue.add(key) }
        let seen = await tries.wait(for: 30 + 20)
        for key in 0..<30 { #expect(seen.filter { $0 == key }.count == (key % 3 == 0 ? 3 : 1)) }
        run.cancel()
        await run.value
    }

    @Test(.timeLimit(.minutes(1)))
    func waitingEndsWithTheTask() async {
        let queue = WorkQueue<Int>()
        let waiting = Task { await queue.next() }
        waiting.cancel()
        #expect(await waiting.value == nil)
    }

    @Test func heapsGiveTheLeastFirst() {
        var heap = Heap<Int> { $0 < $1 }
        var numbers: [Int] = []
        for step in 0..<500 {
            let number = step * 7919 % 503
            heap.insert(number)
            numbers.append(number)
        }
        var popped: [Int] = []
        while let number = heap.popFirst() { popped.append(number) }
        #expect(popped == numbers.sorted())
    }
}
