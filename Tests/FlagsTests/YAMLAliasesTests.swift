import Testing

@testable import Flags

@Suite("Aliases in YAML")
struct YAMLAliasesTests {
    @Test(arguments: [
        ("a: b", false), ("a: &a b\nc: *a", false), ("- &a x\n" + String(repeating: "- *a\n", count: 1000), false),
        // What only looks so, in texts of other things.
        ("run: make && cp *.c /tmp & wait; a=b&c=d", false), ("data: |\n  x = &y; *z = 1;\n", false),
        ("a: &a [1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n", false),
        ((0..<9).map { "a\($0): &a\($0) [" + String(repeating: "*a\(max(0, $0 - 1)),", count: 9) + "]\n" }.joined(), true),
        ((0..<30).map { "a\($0): &a\($0) {*a\(max(0, $0 - 1)) : *a\(max(0, $0 - 1))}\n" }.joined(), true),
        (String(repeating: "&a [*a, *a]\n", count: 40), true),
    ])
    func excess(_ text: String, _ isExcessive: Bool) {
        #expect(YAMLAliases.areExcessive(text.utf8) == isExcessive)
    }

    @Test func aFileThatUnfolds() {
        let text = (0..<12).map { "a\($0): &a\($0) [" + String(repeating: "*a\(max(0, $0 - 1)),", count: 9) + "]\n" }.joined()
        #expect(throws: FlagProblem.self) { try YAMLTree.read(text, path: "f") }
        #expect(throws: FlagProblem.self) { try YAMLTree.read(String(repeating: "[", count: 100_000), path: "f") }
    }
}
