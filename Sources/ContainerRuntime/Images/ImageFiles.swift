import Glibc
import Linux

/// The files of an image's layer: what an image of programs of this machine needs to run without anything else.
package struct ImageFiles: Sendable {
    enum Content: Sendable {
        case directory
        case bytes([UInt8])
        /// Taken from this machine's file when the image is written.
        case disk(String)
        case symlink(String)
    }

    struct Entry: Sendable {
        var mode: UInt32
        var content: Content
    }

    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// By path within the image, without the leading slash.
    private(set) var entries: [String: Entry] = [:]

    package init() {}

    /// The folders and small files that programs expect: users, name lookup, temporary files, and this machine's trusted certificates.
    package static func base() -> ImageFiles {
        var files = ImageFiles()
        for folder in ["dev", "proc", "sys", "run", "root", "var/log", "var/lib"] { files.addDirectory(folder) }
        files.addDirectory("tmp", mode: 0o1777)
        files.addDirectory("var/tmp", mode: 0o1777)
        files.add(Array("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n".utf8), as: "etc/passwd")
        files.add(Array("root:x:0:\nnogroup:x:65534:\n".utf8), as: "etc/group")
        files.add(Array("passwd: files\ngroup: files\nhosts: files dns\n".utf8), as: "etc/nsswitch.conf")
        files.addSymlink("bin", to: "usr/bin")
        files.addSymlink("sbin", to: "usr/bin")
        if Files.exists(certificates) { files.addFile(certificates, as: certificates, mode: 0o644) }
        return files
    }

    private static let certificates = "/etc/ssl/certs/ca-certificates.crt"

    package mutating func addDirectory(_ path: String, mode: UInt32 = 0o755) {
        put(path, Entry(mode: mode, content: .directory))
    }

    package mutating func add(_ bytes: [UInt8], as path: String, mode: UInt32 = 0o644) {
        put(path, Entry(mode: mode, content: .bytes(bytes)))
    }

    package mutating func addSymlink(_ path: String, to target: String) {
        put(path, Entry(mode: 0o777, content: .symlink(target)))
    }

    package mutating func addFile(_ source: String, as path: String, mode: UInt32) {
        put(path, Entry(mode: mode, content: .disk(source)))
    }

    /// Adds a program of this machine with the shared libraries that it loads.
    package mutating func addProgram(_ source: String, as path: String) throws {
        addFile(source, as: path, mode: 0o755)
        for library in try Executables.libraries(of: source) {
            switch library {
            case .interpreter(let path): addFile(path, as: path, mode: 0o755)
            // One folder for all: the loader looks there without being told.
            case .library(let name, let path): addFile(path, as: "usr/lib/\(name)", mode: 0o755)
            }
        }
    }

    /// In an order where every folder comes before what is in it.
    var sorted: [(path: String, entry: Entry)] {
        entries.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }.map { ($0.key, $0.value) }
    }

    private mutating func put(_ path: String, _ entry: Entry) {
        let parts = path.split(separator: "/")
        for count in 1..<max(1, parts.count) {
            let folder = parts.prefix(count).joined(separator: "/")
            if entries[folder] == nil { entries[folder] = Entry(mode: 0o755, content: .directory) }
        }
        entries[parts.joined(separator: "/")] = entry
    }
}
