import Linux
import PKI

/// `--dry-run`: what would be done is told, and nothing outside of a folder of its own is changed.
enum Rehearsal {
    /// Whether this task only does as if.
    @TaskLocal static var isOn = false

    /// A new folder for certificates and kubeconfigs, which are too secret to be shown.
    ///
    /// - Parameter parent: `/etc/kubernetes`.
    static func folder(in parent: String, _ command: String) throws -> String {
        let path = "\(parent)/tmp"
        try Files.makeDirectory(path, mode: 0o700)
        let folder = "\(path)/kubeadm-\(command)-dryrun\(RandomToken.alphanumeric(10))"
        try Files.makeDirectory(folder, mode: 0o700)
        return folder
    }

    /// Writes a file, or shows it.
    static func write(_ path: String, _ text: String, mode: UInt32 = 0o644) throws {
        guard isOn else { return try Files.writeAtomically(path, text, mode: mode) }
        Say.line("[dryrun] Would write file \"\(path)\" with content:")
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(text.hasSuffix("\n") ? 1 : 0) { Say.line("\t\(line)") }
    }

    /// Tells what would be done.
    ///
    /// - Returns: whether it is not to be done.
    static func instead(_ words: String) -> Bool {
        if isOn { Say.line("[dryrun] Would \(words)") }
        return isOn
    }
}
