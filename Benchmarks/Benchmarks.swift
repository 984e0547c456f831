import ArgumentParser

/// Measures what is meant to be fast, beside what it is to be compared with.
@main
struct Benchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmarks", abstract: "Measures what is meant to be fast.",
        subcommands: [JSONCommand.self, AuthorizationCommand.self, ProfileCommand.self, LoadCommand.self, GrowthCommand.self])
}

struct JSONCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "json", abstract: "Our JSON reader and writer against Foundation's.")

    func run() throws { print(try JSONBenchmark().run().text) }
}

struct ProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "profile", abstract: "Do one thing many times, for a profiler.")

    @Argument(help: "read-structs, write-structs, read-tree or write-tree.")
    var what: String

    @Argument(help: "How many times.")
    var times = 1000

    func run() throws { try JSONBenchmark().profile(what, times: times) }
}
