/// The shortest time that one call took, in microseconds: the best of several rounds, which is what the code can do when nothing disturbs it.
func microseconds(rounds: Int = 12, _ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    var calls = 1
    // As many calls as take at least 20 ms, so that the clock does not matter.
    while true {
        let time = try clock.measure { for _ in 0..<calls { try body() } }
        if time > .milliseconds(20) { break }
        calls *= 2
    }
    var best = Duration.seconds(1000)
    for _ in 0..<rounds {
        best = min(best, try clock.measure { for _ in 0..<calls { try body() } })
    }
    return best / .microseconds(1) / Double(calls)
}

extension Double {
    /// With one decimal place, right-aligned.
    func column(_ width: Int) -> String {
        let text = "\((self * 10).rounded() / 10)"
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

extension String {
    func column(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
