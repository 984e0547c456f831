import Crypto

/// Writes a backup. The file has its name when `finish` has returned, and not before.
package struct BackupWriter: ~Copyable {
    private var file: PrivateFile
    private let replaces: Bool
    private var digest: SHA256
    private var count: Int64 = 0
    private let revision: Int64
    private let time: Int64

    /// - Parameter replacing: whether a file of that name may be there.
    init(_ path: String, revision: Int64, time: Int64, replacing: Bool) throws(BackupError) {
        if !replacing, fileExists(path) { throw .exists(path) }
        var head = BackupFormat.magic
        BackupFormat.append(BackupFormat.version, to: &head)
        BackupFormat.append(revision, to: &head)
        BackupFormat.append(time, to: &head)
        var digest = SHA256()
        digest.update(data: head)
        var file = try PrivateFile(path)
        try file.append(head)
        self.file = file
        self.digest = digest
        self.revision = revision
        self.time = time
        replaces = replacing
    }

    mutating func append(_ entry: BackupEntry) throws(BackupError) {
        let key = Array(entry.keyValue.key.utf8)
        var bytes = [BackupFormat.entry]
        bytes.reserveCapacity(BackupFormat.entryHeadBytes + key.count + entry.keyValue.value.count)
        BackupFormat.append(UInt32(clamping: key.count), to: &bytes)
        BackupFormat.append(UInt32(clamping: entry.keyValue.value.count), to: &bytes)
        BackupFormat.append(entry.keyValue.createRevision, to: &bytes)
        BackupFormat.append(entry.keyValue.modRevision, to: &bytes)
        BackupFormat.append(entry.expires ?? 0, to: &bytes)
        bytes += key
        bytes += entry.keyValue.value
        try append(bytes)
        count += 1
    }

    mutating func finish() throws(BackupError) -> BackupSummary {
        var end = [BackupFormat.end]
        BackupFormat.append(count, to: &end)
        try append(end)
        try file.append(Array(digest.finalize()))
        try file.place(replacing: replaces)
        return BackupSummary(revision: revision, time: time, count: count)
    }

    private mutating func append(_ bytes: [UInt8]) throws(BackupError) {
        digest.update(data: bytes)
        try file.append(bytes)
    }
}
