#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The folder beside a store of SQLite's in which its backups lie unless somebody wants them elsewhere.
package struct BackupFolder: Sendable {
    package let path: String

    /// - Parameter store: the store's file.
    package init(of store: String) {
        path = (store.lastIndex(of: "/").map { String(store[..<$0]) } ?? ".") + "/backups"
    }

    private static let suffix = ".backup"

    /// Where a backup of this time goes; names come in the order of the times.
    /// - Parameter time: milliseconds since 1970.
    package func file(time: Int64) -> String {
        var seconds = time_t(time / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var name = [CChar](repeating: 0, count: 32)
        strftime(&name, name.count, "%Y%m%dT%H%M%S", &parts)
        let milliseconds = String(1000 + time % 1000).dropFirst()
        let text = name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        return "\(path)/\(text).\(milliseconds)Z\(Self.suffix)"
    }

    /// The newest of them of which every byte is as it was written.
    package func newestWhole() -> String? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(Self.suffix) { names.append(name) }
        }
        return names.sorted().reversed().lazy.map { "\(path)/\($0)" }.first { (try? BackupReader.check($0)) != nil }
    }
}
