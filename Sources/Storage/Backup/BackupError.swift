/// Why a backup could not be made, read or put back.
package enum BackupError: Error, Sendable, Equatable {
    /// It is there already, and nobody said that it may be replaced.
    case exists(String)
    /// The file is no backup at all.
    case foreign(String)
    /// The backup was made by a newer version of this program.
    case newerFormat(file: String, found: UInt32, supported: UInt32)
    /// The backup is not what was written: bytes are missing or others.
    case damaged(file: String, detail: String)
    case inputOutput(file: String, detail: String)
}

extension BackupError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .exists(let file):
            "\(file) is there already, and was left as it is: move it away, or say --force"
        case .foreign(let file):
            "\(file) is not a backup that apus backup has made"
        case .newerFormat(let file, let found, let supported):
            "the backup \(file) has format \(found) and this version reads up to \(supported): use the version that wrote it, or a newer one"
        case .damaged(let file, let detail):
            "the backup \(file) is damaged or cut short: \(detail). Nothing was changed; use another one"
        case .inputOutput(let file, let detail):
            "\(file): \(detail)"
        }
    }
}
