/// Why a store could not do what it was asked.
package enum StoreError: Error, Sendable, Equatable {
    /// What was asked about `requested` needs history before the compacted revision.
    case compacted(requested: Int64, compacted: Int64)
    /// The store has not come to this revision yet.
    case futureRevision(requested: Int64, current: Int64)
    /// The request breaks a limit or contradicts itself; repeating it is of no use.
    case invalid(String)
    /// There is no space left. Nothing was changed; the store works again as soon as there is space.
    case diskFull(file: String)
    /// Reading or writing failed. Nothing was changed.
    case inputOutput(file: String, detail: String)
    /// The connection was lost before the answer came: the change may have been made or not.
    case outcomeUnknown(String)
    /// The data is damaged. It was left as it is. `backup` is the newest whole one that lies beside it.
    case corrupt(file: String, detail: String, backup: String? = nil)
    /// Another process has the store open.
    case locked(file: String, holder: String)
    /// The data was written by a newer version of this program.
    case newerSchema(file: String, found: Int, supported: Int)
    /// The store was closed.
    case closed
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .compacted(let requested, let compacted):
            "revision \(requested) is gone: the store's history begins at revision \(compacted)"
        case .futureRevision(let requested, let current):
            "revision \(requested) is in the future: the store is at revision \(current)"
        case .invalid(let detail):
            "the store refused \(detail)"
        case .diskFull(let file):
            "no space left to write to the store \(file): free some on its file system; writes succeed again as soon as there is space"
        case .inputOutput(let file, let detail):
            "failed to read or write the store \(file): \(detail)"
        case .outcomeUnknown(let detail):
            "the store did not answer, the change may have been made or not: \(detail)"
        case .corrupt(let file, let detail, let backup):
            """
            the store \(file) is damaged: \(detail)
            nothing was changed; put \(backup == nil ? "a backup" : "the newest backup") in its place: \(Self.restore(file, backup))
            or save what is readable: sqlite3 \(file) .recover | sqlite3 recovered.db
            """
        case .locked(let file, let holder):
            "the store \(file) is in use by \(holder): stop that process first, or choose another data folder"
        case .newerSchema(let file, let found, let supported):
            "the store \(file) has format \(found) and this version reads up to \(supported): run the version that wrote it, or a newer one"
        case .closed:
            "the store is closed"
        }
    }

    private static func restore(_ file: String, _ backup: String?) -> String {
        let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
        return "apus restore \(backup ?? "FILE") --sqlite-data-dir \(folder) --force"
    }
}
