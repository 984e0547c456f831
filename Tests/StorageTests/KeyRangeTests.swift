import Storage
import Testing

@Suite struct KeyRangeTests {
    @Test(arguments: [
        ("/registry/pods/", "/registry/pods0"), ("a", "b"), ("a~", "a\u{7F}"), ("a\u{7F}", "a\u{80}"), ("aé", "aê"), ("\u{D7FF}", "\u{E000}"),
        ("a\u{10FFFF}", "b"),
    ])
    func aPrefixEndsBeforeItsSuccessor(prefix: String, end: String) {
        let range = KeyRange(prefix: prefix)
        #expect(range.end.map { compareKeys($0, end) } == 0)
        #expect(range.contains(prefix))
        #expect(range.contains(prefix + "\u{10FFFF}"))
        #expect(!range.contains(end))
    }

    @Test func whatHasNoSuccessorHasNoEnd() {
        #expect(KeyRange(prefix: "").end == nil)
        #expect(KeyRange(prefix: "\u{10FFFF}").end == nil)
    }
}
