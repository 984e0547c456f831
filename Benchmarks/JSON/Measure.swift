import Glibc

/// The shortest time that one call of each body took, in microseconds of processor time.
///
/// Short rounds of the bodies take turns, so that a busy machine disturbs all alike, and the best round of each counts: what the code can do when nothing
/// disturbs it.
func microseconds(rounds: Int = 60, _ bodies: (() throws -> Void)...) throws -> [Double] {
    var calls: [Int] = []
    for body in bodies {
        // As many calls as take at least 3 ms, so that the clock does not matter.
        var count = 1
        while try processorTime(count, body) < 3_000 { count *= 2 }
        calls.append(count)
    }
    var best = Array(repeating: Double.infinity, count: bodies.count)
    for _ in 0..<rounds {
        for (i, body) in bodies.enumerated() {
            best[i] = min(best[i], try processorTime(calls[i], body) / Double(calls[i]))
        }
    }
    return best
}

private func processorTime(_ calls: Int, _ body: () throws -> Void) rethrows -> Double {
    let start = processorMicroseconds()
    for _ in 0..<calls { try body() }
    return processorMicroseconds() - start
}

private func processorMicroseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
}
