// Measures what is meant to be fast, beside what it is meant to be faster than. `benchmarks [json]...`; without arguments everything.
let wanted = CommandLine.arguments.dropFirst()

if wanted.isEmpty || wanted.contains("json") {
    try JSONBenchmark().run()
}
