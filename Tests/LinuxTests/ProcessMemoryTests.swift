import Testing

@testable import Linux

@Suite struct ProcessMemoryTests {
    private func codePages() throws -> Int {
        let text = try #require(try Files.readText("/proc/self/smaps"))
        var isCode = false
        var kilobytes = 0
        for line in text.split(separator: "\n") {
            if line.hasSuffix(ProgramPath.current) { isCode = line.contains(" r-xp ") }
            if isCode, line.hasPrefix("Rss:") { kilobytes += line.split(separator: " ").compactMap { Int($0) }.first ?? 0 }
        }
        return kilobytes
    }

    @Test func codeThatIsNotNeededIsLetGo() throws {
        let before = try codePages()
        ProcessMemory.releaseCode()
        // What runs this test has been read again.
        let after = try codePages()
        #expect(after > 0)
        #expect(after < before)
    }

    @Test("A process that holds secrets leaves no core")
    func noCore() {
        // This stays so for the rest of the tests' life, which does no harm.
        ProcessMemory.keepOutOfCores()
        #expect(!ProcessMemory.mayLeaveCore)
    }
}
