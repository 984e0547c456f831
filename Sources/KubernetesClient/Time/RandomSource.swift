/// Where names, identifiers and jitter come from: the system's generator, unless a simulation hands in another for everything that runs within it.
package struct RandomSource: RandomNumberGenerator, Sendable {
    @TaskLocal package static var current = RandomSource {
        var system = SystemRandomNumberGenerator()
        return system.next()
    }

    private let word: @Sendable () -> UInt64

    /// - Parameter word: 64 bits; called on any thread.
    package init(word: @escaping @Sendable () -> UInt64) { self.word = word }

    package mutating func next() -> UInt64 { word() }

    /// Uniform in 0..<1.
    package static func fraction() -> Double {
        var source = current
        return Double.random(in: 0..<1, using: &source)
    }
}
