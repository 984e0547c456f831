import Glibc
import Linux

/// Opens a path inside a volume without ever following a link out of it, whatever a container does to the volume meanwhile.
enum SafeSubpath {
    /// O_PATH, which the C library's header does not hand to Swift.
    private static let pathOnly: Int32 = 0o10_000_000

    /// Opens `subpath` below `root`, creating missing folders, and hands the descriptor's path in /proc to `body`.
    /// - Parameter create: whether a missing last part is made as a folder with this mode.
    static func withOpened<T>(_ root: String, _ subpath: String, create: mode_t?, _ body: (String) throws -> T) throws -> T {
        guard Path.staysInside(subpath) else { throw KubeletError("subPath \(Texts.quoted(subpath)) must be relative and must not contain \"..\"") }
        var current = open(root, pathOnly | O_CLOEXEC)
        guard current >= 0 else { throw SystemError("open", root) }
        defer { close(current) }
        var shown = root
        var budget = 40
        var parts = Path.components(subpath)[...]
        // What links resolve to is walked part by part as well, so every step stays below the root.
        var stack: [Int32] = []
        defer { for descriptor in stack { close(descriptor) } }
        while let part = parts.popFirst() {
            if part == ".." {
                guard let parent = stack.popLast() else { throw KubeletError("subPath \(Texts.quoted(subpath)) leads out of the volume \(root)") }
                close(current)
                current = parent
                continue
            }
            shown += "/" + part
            if let target = link(current, part) {
                budget -= 1
                guard budget > 0 else { throw SystemError("follow links at", shown, errno: ELOOP) }
                guard !target.hasPrefix("/") else { throw KubeletError("subPath \(Texts.quoted(subpath)) leads out of the volume \(root)") }
                parts = Path.components(target)[...] + parts
                continue
            }
            var next = openat(current, part, pathOnly | O_NOFOLLOW | O_CLOEXEC)
            if next < 0 && errno == ENOENT, let create {
                guard mkdirat(current, part, create) == 0 || errno == EEXIST else { throw SystemError("create the folder", shown) }
                next = openat(current, part, pathOnly | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC)
                // mkdirat is subject to the umask.
                if next >= 0 { chmod("/proc/self/fd/\(next)", create) }
            }
            guard next >= 0 else { throw SystemError("open", shown) }
            stack.append(current)
            current = next
        }
        return try body("/proc/self/fd/\(current)")
    }

    private static func link(_ folder: Int32, _ name: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.bindMemory(to: CChar.self).baseAddress.map { readlinkat(folder, name, $0, bytes.count) } ?? -1
        }
        guard count > 0 else { return nil }
        return String(decoding: buffer[0..<count], as: UTF8.self)
    }
}
