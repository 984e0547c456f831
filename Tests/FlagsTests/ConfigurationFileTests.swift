import Flags
import JSON
import Testing

@Suite("Configuration files")
struct ConfigurationFileTests {
    static let file = ConfigurationFile(path: "/etc/sample.yaml", apiVersion: "sample/v1", kind: "Sample")
    static let head = "apiVersion: sample/v1\nkind: Sample\n"

    private func read(_ body: String, _ arguments: [String] = []) throws -> FlagValues {
        var flags = try FlagValues(CommandLineTests.table, arguments: arguments)
        try flags.read(Self.file, text: Self.head + body)
        return flags
    }

    @Test func fieldsOfAllKinds() throws {
        let flags = try read(
            """
            name: "7"
            on: false
            deep:
              count: 5
              pause: 2s
            items: [c, d]
            pairs: {a: b, n: 1}
            anything: [{x: 1}]
            """)
        #expect(flags.string("name") == "7" && !flags.bool("on") && flags.int("count") == 5 && flags.duration("pause") == .seconds(2))
        #expect(flags.list("items") == ["c", "d"] && flags.map("pairs") == ["a": "b", "n": "1"])
        #expect(flags.tree("anything")?[0]?["x"]?.integerValue == 1)
    }

    @Test func flagsWin() throws {
        let flags = try read("name: file\ndeep: {count: 5}", ["--name=line"])
        #expect(flags.string("name") == "line" && flags.int("count") == 5)
    }

    @Test func nullAndEmptyLeaveTheDefault() throws {
        let flags = try read("name: null\ndeep:\n  pause: \"\"\n  count: ~")
        #expect(flags.string("name") == "x" && flags.duration("pause") == .seconds(90) && flags.int("count") == 3)
    }

    @Test func json() throws {
        var flags = try FlagValues(CommandLineTests.table, arguments: [])
        try flags.read(Self.file, text: #"{"apiVersion":"sample/v1","kind":"Sample","deep":{"count":9}}"#)
        #expect(flags.int("count") == 9)
    }

    @Test func withoutEffectIsSaid() throws {
        #expect(try read("profiling: true").notes == ["/etc/sample.yaml: profiling has no effect here: nothing is profiled"])
    }

    @Test(
        "What cannot be is refused, naming file and field",
        arguments: [
            ("nam: y", "/etc/sample.yaml: nam: unknown field; the nearest is \"name\""),
            ("deep: {cuont: 1}", "/etc/sample.yaml: deep.cuont: unknown field; the nearest is \"count\""),
            ("deep: 1", "/etc/sample.yaml: deep: must be a mapping"),
            ("on: \"true\"", "/etc/sample.yaml: on: must be true or false"),
            ("deep: {count: many}", "/etc/sample.yaml: deep.count: must be an integer"),
            ("deep: {pause: 5}", "/etc/sample.yaml: deep.pause: must be a string"),
            ("items: a", "/etc/sample.yaml: items: must be a list"),
            ("items: [1]", "/etc/sample.yaml: items: must be a list of strings"),
            ("encryption: aes", "/etc/sample.yaml: encryption is not supported: nothing is encrypted"),
        ])
    func refused(_ body: String, _ message: String) {
        #expect(throws: FlagProblem(message)) { try read(body) }
    }

    @Test func otherKindsAreRefused() throws {
        var flags = try FlagValues(CommandLineTests.table, arguments: [])
        #expect(throws: FlagProblem("/etc/sample.yaml: must have apiVersion: sample/v1 and kind: Sample, not v1, Pod")) {
            try flags.read(Self.file, text: "apiVersion: v1\nkind: Pod\n")
        }
    }
}
