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
        compare(
            "read into structs", ours: try microseconds { keep(try Pod(jsonBytes: bytes)) },
            "JSONDecoder", theirs: try microseconds { keep(try decoder.decode(CodablePod.self, from: data)) })
        compare(
            "write structs", ours: microseconds { keep(pod.jsonBytes()) },
            "JSONEncoder", theirs: try microseconds { keep(try encoder.encode(codable)) })
        compare(
            "read into a tree", ours: try microseconds { keep(try JSONValue(parsing: bytes)) },
            "JSONSerialization", theirs: try microseconds { keep(try JSONSerialization.jsonObject(with: data)) })
        compare(
            "write a tree", ours: microseconds { keep(tree.serialized()) },
            "JSONSerialization", theirs: try microseconds { keep(try JSONSerialization.data(withJSONObject: foundationTree)) })
        let skip = try microseconds { keep(try RawJSON(bytes)) }
        print("  \("check only".column(18)) \(skip.column(8)) us \((Double(bytes.count) / skip).column(8)) MB/s")
    }

    private func compare(_ name: String, ours: Double, _ other: String, theirs: Double) {
        print(
            "  \(name.column(18)) \(ours.column(8)) us \((Double(bytes.count) / ours).column(8)) MB/s   \(other.column(17)) \(theirs.column(8)) us   \((theirs / ours).column(6)) times"
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
}

/// Keeps the optimiser from dropping a result.
@inline(never)
func keep<T>(_ value: T) {
    withExtendedLifetime(value) {}
}
