import Flags
import Testing

@Suite("Command lines")
struct CommandLineTests {
    static let table = FlagTable(
        program: "sample", summary: "A sample.",
        text: """
            [Things]
              name        string    x          name           what it is called
              on          bool      true       on             whether it is on
              off         bool      false      -              whether it is off
              count       int       3          deep.count     how many
              pause       duration  1m30s      deep.pause     how long
              address     ip        0.0.0.0    -              where
              items       list      a,b        items          which
              pairs       map       -          pairs          what is what
              bind        endpoint  0.0.0.0:1  -              where to listen
            ~ profiling   bool      true       profiling      nothing is profiled
            ! encryption  string    none       encryption     nothing is encrypted
              -           tree      -          anything       any
            """)

    @Test(
        "What is written is what is read",
        arguments: [
            (["--name=y"], "name", "y"), (["--name", "y"], "name", "y"), (["--name", "--on"], "name", "--on"), (["--name="], "name", ""),
            (["--name=a=b"], "name", "a=b"), ([], "name", "x"), (["--name=1", "--name=2"], "name", "2"), (["--address=::1"], "address", "::1"),
        ])
    func strings(_ arguments: [String], _ name: String, _ expected: String) throws {
        #expect(try FlagValues(Self.table, arguments: arguments).string(name) == expected)
    }

    @Test(
        "Booleans need no value and take none from the next argument",
        arguments: [
            ([], true, false), (["--on=false"], false, false), (["--off"], true, true), (["--off=true", "--on=F"], false, true),
            (["--off=0"], true, false),
        ])
    func booleans(_ arguments: [String], _ on: Bool, _ off: Bool) throws {
        let flags = try FlagValues(Self.table, arguments: arguments)
        #expect(flags.bool("on") == on && flags.bool("off") == off)
    }

    @Test(
        "Lists: the first flag replaces the default, further ones add",
        arguments: [([], ["a", "b"]), (["--items=c"], ["c"]), (["--items=c,d", "--items", "e"], ["c", "d", "e"]), (["--items="], [])])
    func lists(_ arguments: [String], _ expected: [String]) throws {
        #expect(try FlagValues(Self.table, arguments: arguments).list("items") == expected)
    }

    @Test func maps() throws {
        let flags = try FlagValues(Self.table, arguments: ["--pairs=a=1,b=", "--pairs", "c<5%"])
        #expect(flags.map("pairs") == ["a": "1", "b": "", "c": "5%"])
    }

    @Test(arguments: [(["-v", "4"], 4), (["-v=4"], 4), (["-v4"], 4), (["--v=4"], 4), ([], 0)])
    func verbosity(_ arguments: [String], _ expected: Int) throws {
        #expect(try FlagValues(Self.table, arguments: arguments).int("v") == Int64(expected))
    }

    @Test func underscoresAreDashes() throws {
        let table = FlagTable(program: "s", summary: "", text: "[G]\n  a-b int 1 - x")
        #expect(try FlagValues(table, arguments: ["--a_b=2"]).int("a-b") == 2)
    }

    @Test func defaults() throws {
        let flags = try FlagValues(Self.table, arguments: [])
        #expect(flags.duration("pause") == .seconds(90) && flags.int("count") == 3 && !flags.isGiven("count"))
        #expect(flags.notes.isEmpty && !flags.wantsHelp && flags.wantedVersion == nil)
    }

    @Test(arguments: [(["--version"], "true"), (["--version=raw"], "raw")])
    func version(_ arguments: [String], _ form: String) throws {
        #expect(try FlagValues(Self.table, arguments: arguments).wantedVersion == form)
    }

    @Test(
        "What cannot be is refused, naming the flag",
        arguments: [
            (["--nam=y"], "unknown flag: --nam; the nearest is --name"),
            (["--zzzzzzzzzzzz"], "unknown flag: --zzzzzzzzzzzz"),
            (["--count=many"], "invalid argument \"many\" for \"--count\" flag: must be an integer"),
            (["--on=maybe"], "invalid argument \"maybe\" for \"--on\" flag: must be true or false"),
            (["--pause=10"], "invalid argument \"10\" for \"--pause\" flag: must be a duration such as 10s or 1m30s"),
            (["--address=here"], "invalid argument \"here\" for \"--address\" flag: must be an IP address"),
            (["--name"], "flag needs an argument: --name"),
            (["start"], "sample takes only flags; what is \"start\" meant to be?"),
            (["--", "start"], "sample takes only flags; what is \"start\" meant to be?"),
            (["-x"], "unknown shorthand flag: -x; flags begin with two dashes"),
            (["--encryption=aes"], "--encryption is not supported: nothing is encrypted"),
        ])
    func refused(_ arguments: [String], _ message: String) {
        #expect(throws: FlagProblem(message)) { try FlagValues(Self.table, arguments: arguments) }
    }

    @Test func withoutEffectIsSaid() throws {
        let flags = try FlagValues(Self.table, arguments: ["--profiling=false", "--encryption=none"])
        #expect(flags.notes == ["--profiling has no effect here: nothing is profiled"])
    }

    @Test func helpNamesGroupsAndDefaults() {
        let text = HelpText.of(Self.table)
        #expect(text.contains("Usage:\n  sample [flags]\n\nThings flags:\n"))
        #expect(text.contains("--name string") && text.contains("(default \"x\")") && text.contains("Global flags:") && text.contains("-v, --v int"))
        #expect(!text.contains("--encryption"))
    }
}

@Suite("Go's durations")
struct GoDurationTests {
    @Test(
        arguments: [
            ("10s", Duration.seconds(10)), ("1m30s", .seconds(90)), ("1.5h", .seconds(5400)), ("300ms", .milliseconds(300)), ("0", .zero),
            ("-1s", .seconds(-1)),
            ("1h0m0.5s", .milliseconds(3_600_500)), ("5us", .microseconds(5)),
        ] as [(String, Duration)])
    func read(_ text: String, _ expected: Duration) {
        #expect(GoDuration.parse(text) == expected)
    }

    @Test(arguments: ["", "10", "s", "1x", "1.2.3s", "99999999999h", ".s", "1 s"])
    func refused(_ text: String) {
        #expect(GoDuration.parse(text) == nil)
    }

    @Test(arguments: ["10s", "1m30s", "100ms", "0s", "1h0m0.5s", "2h45m0s"])
    func written(_ text: String) {
        #expect(GoDuration.parse(text).map(GoDuration.text) == text)
    }
}
