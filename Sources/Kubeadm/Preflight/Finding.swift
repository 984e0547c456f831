/// What a check before the work has found, with its remedy.
struct Finding: Sendable, Equatable {
    /// The check's name, by which `--ignore-preflight-errors` knows it; upstream's where upstream has it.
    var check: String
    var problem: String
    /// Something that does not stop the work.
    var isWarning = false

    static func warning(_ check: String, _ problem: String) -> Finding { Finding(check: check, problem: problem, isWarning: true) }

    static func error(_ check: String, _ problem: String) -> Finding { Finding(check: check, problem: problem) }

    /// The name of a check of a file.
    static func name(_ kind: String, of path: String) -> String { "\(kind)-" + String(path.map { $0 == "/" ? "-" : $0 }) }

    /// Tells the warnings.
    ///
    /// - Parameter ignored: in small letters; `all` for every check.
    /// - Throws: `KubeadmError` with all that is fatal.
    static func judge(_ findings: [Finding], ignored: Set<String>) throws {
        var fatal: [String] = []
        for finding in findings {
            if finding.isWarning || ignored.contains("all") || ignored.contains(finding.check.lowercased()) {
                Say.error("\t[WARNING \(finding.check)]: \(finding.problem)")
            } else {
                fatal.append("\t[ERROR \(finding.check)]: \(finding.problem)")
            }
        }
        guard !fatal.isEmpty else { return }
        throw KubeadmError(
            "[preflight] Some fatal errors occurred:\n\(fatal.joined(separator: "\n"))\n"
                + "[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`")
    }
}
