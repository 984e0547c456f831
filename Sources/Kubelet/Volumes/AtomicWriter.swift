import Glibc
import Linux

/// One file of a volume made from API data.
struct VolumeFile: Sendable, Equatable {
    var bytes: [UInt8]
    var mode: mode_t
    /// The user the file belongs to; nil: root.
    var user: uid_t?
}

/// Publishes a set of files in a folder so that a reader sees the old set or the new one and never a mixture.
///
/// The files lie in a folder named by time; `..data` points to it and is exchanged in one step; what users see are links through `..data`. The
/// layout is upstream's, so that a volume written by either agent is updated by the other.
struct AtomicWriter {
    static let dataLink = "..data"

    var folder: String
    /// The group that gets access (the pod's fsGroup).
    var group: gid_t?
    /// Microseconds since 1970, for the name of the folder.
    var nowMicroseconds: Int64

    /// - Parameter files: by path relative to the volume.
    /// - Returns: whether anything had to be written.
    @discardableResult
    func write(_ files: [String: VolumeFile]) throws -> Bool {
        for path in files.keys { try AtomicWriter.check(path) }
        let current = Files.readLink(folder + "/" + AtomicWriter.dataLink)
        if let current, isSame(files, in: folder + "/" + current) {
            try link(files)
            return false
        }
        let name = "..\(stamp())"
        let target = folder + "/" + name
        try Files.makeDirectory(target, mode: 0o755)
        do {
            try fill(target, files)
        } catch {
            try? Files.removeTree(target)
            throw error
        }
        try link(files)
        let temporary = folder + "/..data_tmp"
        try Files.remove(temporary)
        guard symlink(name, temporary) == 0 else { throw SystemError("link", temporary) }
        guard rename(temporary, folder + "/" + AtomicWriter.dataLink) == 0 else { throw SystemError("rename", temporary) }
        try unlinkStale(files)
        if let current, current != name, current.hasPrefix(".."), !current.contains("/") { try Files.removeTree(folder + "/" + current) }
        return true
    }

    /// A path must stay inside, and must not look like the writer's own files.
    static func check(_ path: String) throws {
        guard !path.isEmpty, Path.staysInside(path) else { throw KubeletError("invalid path in volume: \(Texts.quoted(path))") }
        guard !path.hasPrefix("..") else { throw KubeletError("invalid path in volume: \(Texts.quoted(path)) must not start with '..'") }
        guard path.utf8.count <= 4096, path.split(separator: "/").allSatisfy({ $0.utf8.count <= 255 }) else {
            throw KubeletError("path in volume is too long: \(Texts.quoted(path))")
        }
    }

    private func isSame(_ files: [String: VolumeFile], in target: String) -> Bool {
        guard let present = try? paths(below: target), present == Set(files.keys.map(normal)) else { return false }
        return files.allSatisfy { path, file in
            var info = stat()
            guard stat(target + "/" + path, &info) == 0, info.st_mode & 0o777 == effectiveMode(file) & 0o777 else { return false }
            return (try? Files.read(target + "/" + path)) == file.bytes
        }
    }

    private func paths(below folder: String, _ prefix: String = "") throws -> Set<String> {
        var result: Set<String> = []
        for name in try Files.list(folder) {
            let full = folder + "/" + name
            if Files.isDirectory(full) {
                result.formUnion(try paths(below: full, prefix + name + "/"))
            } else {
                result.insert(prefix + name)
            }
        }
        return result
    }

    private func normal(_ path: String) -> String {
        Path.components(path).joined(separator: "/")
    }

    private func effectiveMode(_ file: VolumeFile) -> mode_t {
        group == nil ? file.mode : file.mode | 0o440
    }

    private func fill(_ target: String, _ files: [String: VolumeFile]) throws {
        try own(target, isFolder: true)
        for (path, file) in files.sorted(by: { $0.key < $1.key }) {
            var parent = target
            for part in Path.components(path).dropLast() {
                parent += "/" + part
                if !Files.isDirectory(parent) {
                    try Files.makeDirectory(parent, mode: 0o755)
                    try own(parent, isFolder: true)
                }
            }
            let full = target + "/" + path
            // Closed to others until it has its owner and mode.
            try Files.write(full, file.bytes, mode: 0o600)
            if file.user != nil || group != nil { try Files.setOwner(full, user: file.user ?? 0, group: group ?? 0) }
            try Files.setMode(full, effectiveMode(file))
        }
    }

    private func own(_ path: String, isFolder: Bool) throws {
        guard let group else { return }
        try Files.setOwner(path, user: 0, group: group)
        try Files.setMode(path, 0o2775)
    }

    /// One link per first path component.
    private func link(_ files: [String: VolumeFile]) throws {
        for name in Set(files.keys.compactMap { Path.components($0).first }) {
            let link = folder + "/" + name
            let target = AtomicWriter.dataLink + "/" + name
            if Files.readLink(link) == target { continue }
            try Files.removeTree(link)
            guard symlink(target, link) == 0 else { throw SystemError("link", link) }
        }
    }

    private func unlinkStale(_ files: [String: VolumeFile]) throws {
        let wanted = Set(files.keys.compactMap { Path.components($0).first })
        for name in try Files.list(folder) where !name.hasPrefix("..") && !wanted.contains(name) {
            let link = folder + "/" + name
            if Files.readLink(link)?.hasPrefix(AtomicWriter.dataLink + "/") == true { try Files.remove(link) }
        }
    }

    private func stamp() -> String {
        var seconds = time_t(nowMicroseconds / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let date = "\(parts.tm_year + 1900)_\(two(parts.tm_mon + 1))_\(two(parts.tm_mday))"
        let suffix = UInt32.random(in: .min ... .max)
        return "\(date)_\(two(parts.tm_hour))_\(two(parts.tm_min))_\(two(parts.tm_sec)).\(suffix)"
    }
}
