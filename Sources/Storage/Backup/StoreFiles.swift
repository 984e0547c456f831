#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The files that a store of SQLite's consists of.
enum StoreFiles {
    static func remove(_ path: String) throws(BackupError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .inputOutput(file: path, detail: "failed to remove it: \(errorText(errno))") }
    }

    /// Puts a store, whole and synced, in the place of another. Whoever opens the place finds the one or the other.
    ///
    /// - Parameter kept: where the other one goes, if there is one.
    static func exchange(_ place: String, for made: String, keeping kept: String?) throws(BackupError) {
        if let kept {
            guard link(place, kept) == 0 else { throw failure("keep", place) }
        }
        // Its log must not be taken for the new one's.
        if fileExists(place + "-wal") {
            guard rename(place + "-wal", (kept ?? place + ".replaced") + "-wal") == 0 else { throw failure("keep", place + "-wal") }
        }
        try remove(place + "-shm")
        guard rename(made, place) == 0 else { throw failure("put", place) }
        syncFolder(of: place)
    }

    private static func failure(_ action: String, _ path: String) -> BackupError {
        .inputOutput(file: path, detail: "failed to \(action) it: \(errorText(errno))")
    }
}
