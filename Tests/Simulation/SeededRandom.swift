import Synchronization

/// The same numbers for the same seed (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Decisions of one run; shared by everything in it.
final class Dice: Sendable {
    private let random: Mutex<SeededRandom>

    init(seed: UInt64) { random = Mutex(SeededRandom(seed: seed)) }

    func word() -> UInt64 { random.withLock { $0.next() } }

    func number(_ range: ClosedRange<Int>) -> Int { random.withLock { Int.random(in: range, using: &$0) } }

    /// True once in so many times.
    func once(in times: Int) -> Bool { number(1...times) == 1 }

    func seconds(_ range: ClosedRange<Double>) -> Duration { .seconds(random.withLock { Double.random(in: range, using: &$0) }) }

    func one<T>(of choices: [T]) -> T? { choices.isEmpty ? nil : choices[number(0...(choices.count - 1))] }
}
