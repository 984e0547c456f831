// Measures what is meant to be fast, beside what it is meant to be faster than. `benchmarks [json]...`; without arguments everything.
let arguments = Array(CommandLine.arguments.dropFirst())

if arguments.first == "profile" {
    // `benchmarks profile read-tree 10000`
    try JSONBenchmark().profile(arguments.count > 1 ? arguments[1] : "", times: arguments.count > 2 ? Int(arguments[2]) ?? 1000 : 1000)
} else {
    if arguments.isEmpty || arguments.contains("json") { try JSONBenchmark().run() }
}
