import CoreV1
import Linux

/// Where the runtime writes containers' output: `<root>/<namespace>_<name>_<uid>/<container>/<restart count>.log`.
struct LogPaths {
    var root: String

    func pod(_ pod: Pod) -> String {
        self.pod(namespace: pod.namespace, name: pod.name, uid: pod.uid)
    }

    func pod(namespace: String, name: String, uid: String) -> String {
        "\(root)/\(namespace)_\(name)_\(uid)"
    }

    /// Relative to the pod's folder, as the runtime wants it.
    static func relative(container: String, restartCount: Int32) -> String {
        "\(container)/\(restartCount).log"
    }

    /// The restart count that follows from the log files left of a container: one more than the highest, 0 without any.
    func nextRestartCount(_ pod: Pod, container: String) -> Int32 {
        let names = (try? Files.list(self.pod(pod) + "/" + container)) ?? []
        let counts = names.compactMap { name in name.split(separator: ".").first.flatMap { Int32($0) } }
        return counts.max().map { $0 < .max ? $0 + 1 : $0 } ?? 0
    }
}
