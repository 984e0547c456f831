import Crypto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A backup whose every byte has been checked.
package struct BackupReader: ~Copyable {
    package let summary: BackupSummary
    let path: String
    private let descriptor: CInt
    /// Where the entries are, in the order of their revisions, which is the one that stores are filled in.
    private let places: [Place]

    private struct Place {
        var revision: Int64
        var offset: Int64
        var length: Int
    }

    /// Reads all of the file once, and keeps it open.
    package init(_ path: String) throws(BackupError) {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .inputOutput(file: path, detail: "failed to open it: \(errorText(errno))") }
        do throws(BackupError) {
            let size = lseek(descriptor, 0, SEEK_END)
            guard size >= 0 else { throw .inputOutput(file: path, detail: "failed to read it: \(errorText(errno))") }
            let scan = Scan(path: path, descriptor: descriptor, size: Int64(size))
            let head = try scan.head()
            try scan.checkDigest()
            (summary, places) = try scan.entries(head)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// - Throws: when the backup is not whole.
    package static func check(_ path: String) throws(BackupError) -> BackupSummary {
        try BackupReader(path).summary
    }

    /// Hands out every entry in the order of the revisions.
    func forEach(_ body: (BackupEntry) throws -> Void) throws {
        for place in places {
            let bytes = try Scan.read(descriptor, place.offset, place.length, path)
            guard let entry = Scan.entry(bytes) else { throw BackupError.damaged(file: path, detail: "it has changed while it was read") }
            try body(entry)
        }
    }

    private struct Scan {
        let path: String
        let descriptor: CInt
        let size: Int64

        func head() throws(BackupError) -> (revision: Int64, time: Int64) {
            let head = try Self.read(descriptor, 0, Int(min(size, Int64(BackupFormat.headBytes))), path)
            guard head.starts(with: BackupFormat.magic) else {
                throw BackupFormat.magic.starts(with: head) ? damaged("it ends within its first bytes") : .foreign(path)
            }
            guard let format = BackupFormat.number(UInt32.self, in: head, at: 8), let revision = BackupFormat.number(Int64.self, in: head, at: 12),
                let time = BackupFormat.number(Int64.self, in: head, at: 20), size >= Int64(BackupFormat.headBytes + BackupFormat.endBytes)
            else { throw damaged("it ends within its first bytes") }
            guard format <= BackupFormat.version else {
                throw .newerFormat(file: path, found: format, supported: BackupFormat.version)
            }
            return (revision, time)
        }

        func checkDigest() throws(BackupError) {
            var digest = SHA256()
            let end = size - Int64(BackupFormat.digestBytes)
            var offset: Int64 = 0
            while offset < end {
                let piece = try Self.read(descriptor, offset, Int(min(end - offset, 1 << 20)), path)
                digest.update(data: piece)
                offset += Int64(piece.count)
            }
            let written = try Self.read(descriptor, end, BackupFormat.digestBytes, path)
            guard digest.finalize().elementsEqual(written) else { throw damaged("its checksum is not that of its contents") }
        }

        /// The digest holds: what does not fit here was written so.
        func entries(_ head: (revision: Int64, time: Int64)) throws(BackupError) -> (BackupSummary, [Place]) {
            let end = size - Int64(BackupFormat.endBytes)
            var places: [Place] = []
            var offset = Int64(BackupFormat.headBytes)
            while offset < end {
                let bytes = try Self.read(descriptor, offset, BackupFormat.entryHeadBytes, path)
                guard bytes.first == BackupFormat.entry, let key = BackupFormat.number(UInt32.self, in: bytes, at: 1),
                    let value = BackupFormat.number(UInt32.self, in: bytes, at: 5), let create = BackupFormat.number(Int64.self, in: bytes, at: 9),
                    let revision = BackupFormat.number(Int64.self, in: bytes, at: 17), 1 <= create, create <= revision, revision <= head.revision
                else { throw damaged("there is no entry at byte \(offset)") }
                let length = BackupFormat.entryHeadBytes + Int(key) + Int(value)
                guard Int64(length) <= end - offset else { throw damaged("the entry at byte \(offset) goes past the end") }
                places.append(Place(revision: revision, offset: offset, length: length))
                offset += Int64(length)
            }
            let last = try Self.read(descriptor, end, BackupFormat.endBytes, path)
            guard last.first == BackupFormat.end, BackupFormat.number(Int64.self, in: last, at: 1) == Int64(places.count),
                head.revision >= 0, head.revision <= BackupSummary.revisionMax
            else { throw damaged("it does not end as it should") }
            places.sort { ($0.revision, $0.offset) < ($1.revision, $1.offset) }
            return (BackupSummary(revision: head.revision, time: head.time, count: Int64(places.count)), places)
        }

        static func entry(_ bytes: [UInt8]) -> BackupEntry? {
            guard let keyCount = BackupFormat.number(UInt32.self, in: bytes, at: 1), let create = BackupFormat.number(Int64.self, in: bytes, at: 9),
                let revision = BackupFormat.number(Int64.self, in: bytes, at: 17), let expires = BackupFormat.number(Int64.self, in: bytes, at: 25)
            else { return nil }
            let rest = bytes.dropFirst(BackupFormat.entryHeadBytes)
            guard Int(keyCount) <= rest.count, let key = String(validating: rest.prefix(Int(keyCount)), as: UTF8.self) else { return nil }
            return BackupEntry(
                keyValue: KeyValue(
                    key: key, value: Array(rest.dropFirst(Int(keyCount))), createRevision: create, modRevision: revision),
                expires: expires == 0 ? nil : expires)
        }

        static func read(_ descriptor: CInt, _ offset: Int64, _ count: Int, _ path: String) throws(BackupError) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            var done = 0
            while done < count {
                let got = bytes.withUnsafeMutableBytes { buffer in
                    buffer.baseAddress.map { pread(descriptor, $0 + done, count - done, off_t(offset + Int64(done))) } ?? 0
                }
                if got < 0, errno == EINTR { continue }
                if got < 0 { throw .inputOutput(file: path, detail: "failed to read it: \(errorText(errno))") }
                if got == 0 { throw .damaged(file: path, detail: "it ends at byte \(offset + Int64(done))") }
                done += got
            }
            return bytes
        }

        private func damaged(_ detail: String) -> BackupError { .damaged(file: path, detail: detail) }
    }
}

func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }
