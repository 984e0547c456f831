/// Places in the store's work at which tests stop it, kill it or let others go ahead: where the order of things matters, or half of something is done.
package enum StorePoint: String, CaseIterable, Sendable {
    /// Changes are made in a transaction of SQLite's, and nothing of them is on the disk.
    case beforeCommit
    /// They are on the disk, and nobody has been told.
    case afterCommit
    /// Watches have been told, and those who wrote have no answer.
    case beforeAnswer
    /// The oldest revision that can be read is another one, on the disk and nowhere else.
    case compactionBegun
    /// Rows that nobody can see have been deleted, in a transaction that is not on the disk.
    case trimming
    /// A watch was let in, and the writer does not know of it yet.
    case watchBegins
    /// A watch has been told of some of the past.
    case watchFollows
    /// A backup has been begun, or another of its entries written.
    case snapshot
}
