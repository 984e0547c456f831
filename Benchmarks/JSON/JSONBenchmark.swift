import CoreV1
import Foundation
import JSON
import KubernetesAPI

/// Our reader and writer against Foundation's, on one pod of about 10 KB.
struct JSONBenchmark {
    private let bytes: [UInt8]

    init() throws {
        bytes = try JSONValue(parsing: SamplePod.document).serialized()
    }

    /// Structs against `JSONDecoder` and `JSONEncoder`, trees against `JSONSerialization`.
    func run() throws -> Table {
        let data = Data(bytes)
        let decoder = JSONDecoder()
        let encoder = JSONEncoder()
        let pod = try Pod(jsonBytes: bytes)
        let codable = try decoder.decode(CodablePod.self, from: data)
        let tree = try JSONValue(parsing: bytes)
        let foundationTree = try JSONSerialization.jsonObject(with: data)
        try check(pod, codable, tree)

        var table = Table(against: "Foundation")
        try compare(
            "read into structs", aim: "8", { keep(try Pod(jsonBytes: bytes)) }, { keep(try decoder.decode(CodablePod.self, from: data)) }, &table)
        try compare("write structs", aim: "8", { keep(pod.jsonBytes()) }, { keep(try encoder.encode(codable)) }, &table)
        try compare(
            "read into a tree", aim: "8", { keep(try JSONValue(parsing: bytes)) }, { keep(try JSONSerialization.jsonObject(with: data)) }, &table)
        try compare(
            "write a tree", aim: "8", { keep(tree.serialized()) }, { keep(try JSONSerialization.data(withJSONObject: foundationTree)) }, &table)
        for time in try microseconds({ keep(try RawJSON(bytes)) }) { table.add(.init(work: "check only", ours: figure(time))) }
        return table
    }

    /// Does one thing many times, for a profiler: `benchmarks profile read-structs 20000`.
    func profile(_ what: String, times: Int) throws {
        let pod = try Pod(jsonBytes: bytes)
        let tree = try JSONValue(parsing: bytes)
        for _ in 0..<times {
            switch what {
            case "read-structs": keep(try Pod(jsonBytes: bytes))
            case "write-structs": keep(pod.jsonBytes())
            case "read-tree": keep(try JSONValue(parsing: bytes))
            case "write-tree": keep(tree.serialized())
            default: throw BenchmarkError.unknown(what)
            }
        }
    }

    private func compare(
        _ name: String, aim: String, _ ours: @escaping () throws -> Void, _ theirs: @escaping () throws -> Void, _ table: inout Table
    ) throws {
        let times = try microseconds(ours, theirs)
        table.add(.init(work: name, ours: figure(times[0]), reference: figure(times[1]), ratio: Figures.number(times[1] / times[0]), aim: aim))
    }

    private func figure(_ microseconds: Double) -> String {
        "\(Figures.number(microseconds)) us, \(Figures.megabytesPerSecond(Double(bytes.count) / microseconds))"
    }

    /// Both sides must have read everything, or the comparison says nothing.
    private func check(_ pod: Pod, _ codable: CodablePod, _ tree: JSONValue) throws {
        guard try JSONValue(parsing: pod.jsonBytes()) == tree else { throw BenchmarkError.lost("typed pod") }
        guard try JSONValue(parsing: Array(JSONEncoder().encode(codable))) == tree else { throw BenchmarkError.lost("Codable pod") }
    }
}

enum BenchmarkError: Error {
    /// What was read and written again is not what it was.
    case lost(String)
    case unknown(String)
}

/// Keeps the optimiser from dropping a result.
@inline(never)
func keep<T>(_ value: T) {
    withExtendedLifetime(value) {}
}
