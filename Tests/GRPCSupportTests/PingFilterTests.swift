import GRPCSupport
import Testing

@Suite struct PingFilterTests {
    private static let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]
    private static let data: [UInt8] = [0, 0, 3, 0, 1, 0, 0, 0, 1, 6, 6, 6]
    private static let ping: [UInt8] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    private static let answer: [UInt8] = [0, 0, 8, 6, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]

    @Test(arguments: [1, 2, 5, 9, 17, 1000])
    func pingsAreAnsweredAndEverythingElsePasses(pieceBytes: Int) {
        // An acknowledgement of our own ping is for the HTTP/2 handler.
        let stream = Self.settings + Self.ping + Self.data + Self.answer + Self.ping + Self.ping + Self.data
        var filter = PingFilter()
        var passed: [UInt8] = []
        var answers: [UInt8] = []
        for start in stride(from: 0, to: stream.count, by: pieceBytes) {
            let result = filter.take(stream[start..<min(start + pieceBytes, stream.count)])
            passed += result.passed
            answers += result.answers
        }
        #expect(passed == Self.settings + Self.data + Self.answer + Self.data)
        #expect(answers == Self.answer + Self.answer + Self.answer)
    }
}
