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

    func run() throws {
        let data = Data(bytes)
        let decoder = JSONDecoder()
        let encoder = JSONEncoder()
        let pod = try Pod(jsonBytes: bytes)
        let codable = try decoder.decode(CodablePod.self, from: data)
        let tree = try JSONValue(parsing: bytes)
        let foundationTree = try JSONSerialization.jsonObject(with: data)
        try check(pod, codable, tree)

        print("JSON: a pod of \(bytes.count) bytes")
        try compare(
            "read into structs", { keep(try Pod(jsonBytes: bytes)) }, "JSONDecoder", { keep(try decoder.decode(CodablePod.self, from: data)) })
        try compare("write structs", { keep(pod.jsonBytes()) }, "JSONEncoder", { keep(try encoder.encode(codable)) })
        try compare(
            "read into a tree", { keep(try JSONValue(parsing: bytes)) }, "JSONSerialization", { keep(try JSONSerialization.jsonObject(with: data)) })
        try compare(
            "write a tree", { keep(tree.serialized()) }, "JSONSerialization", { keep(try JSONSerialization.data(withJSONObject: foundationTree)) })
        for time in try microseconds({ keep(try RawJSON(bytes)) }) {
            print("  \("check only".column(18)) \(time.column(8)) us \((Double(bytes.count) / time).column(8)) MB/s")
        }
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

    private func compare(_ name: String, _ ours: @escaping () throws -> Void, _ other: String, _ theirs: @escaping () throws -> Void) throws {
        let times = try microseconds(ours, theirs)
        print(
            "  \(name.column(18)) \(times[0].column(8)) us \((Double(bytes.count) / times[0]).column(8)) MB/s   \(other.column(17)) \(times[1].column(8)) us   \((times[1] / times[0]).column(6)) times"
        )
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
