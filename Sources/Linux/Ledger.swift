import Glibc
import JSON
import Synchronization

/// The list of everything that was made outside the data folder, kept on disk so that it can be taken away again after any ending.
///
/// A thing is recorded **before** it is made (a record of something that was never made is harmless), and undone in reverse order. The
/// file holds one JSON object per line; recording appends a line and syncs it.
package final class Ledger: Sendable {
    package enum Entry: Sendable, Equatable {
        /// A file or link in a file system.
        case file(String)
        /// A folder that is removed only when it is empty, because others may use it too.
        case directory(String)
        /// A folder with everything in it.
        case tree(String)
        case mount(String)
        /// A network link of the host.
        case link(String)
        /// A route, by its destination.
        case route(String)
        /// An nftables table.
        case table(family: String, name: String)
        /// A kernel setting and what it was before.
        case setting(path: String, previous: String)
        /// A cgroup and those below it, by its path in one hierarchy; processes in it are killed.
        case cgroup(String)
        /// The chains that CNI's portmap plug-in makes in the host's nat tables.
        case portMappings
        /// Rules with a comment of ours in a table of somebody else, of the family `ip`.
        case rules(table: String, comment: String)
        /// A process, as ``ProcessHandle/text`` names it.
        case process(String)
    }

    package let path: String
    /// Where links, tables and network settings are; nil for our own network namespace.
    package let networkNamespace: String?
    private let state: Mutex<[Entry]>

    /// Reads the ledger at `path`; none there is an empty one. Lines that cannot be read are an error: nothing is forgotten silently.
    package init(path: String, networkNamespace: String? = nil) throws {
        self.path = path
        self.networkNamespace = networkNamespace
        var entries: [Entry] = []
        for line in (try Files.read(path) ?? []).split(separator: UInt8(ascii: "\n")) {
            // A line cut off by a crash stands for something that was not yet made.
            guard let value = try? JSONValue(parsing: Array(line)) else { continue }
            guard let entry = Entry(value) else {
                throw Command.Failure(command: "read the ledger \(path)", message: "unknown entry \(String(decoding: line, as: UTF8.self))")
            }
            entries.append(entry)
        }
        self.state = Mutex(entries)
    }

    package var entries: [Entry] { state.withLock { $0 } }

    /// Writes an entry to the disk unless it is there. A setting is recorded once: its first previous value is the one to go back to.
    package func record(_ entry: Entry) throws {
        try state.withLock { entries in
            if entries.contains(where: { $0.isSameThing(as: entry) }) { return }
            let fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            if fd < 0 { throw SystemError("write the ledger \(path)", errno: errno) }
            defer { close(fd) }
            let failure = Files.writeAll(fd, entry.json.serialized() + [UInt8(ascii: "\n")])
            if failure != 0 { throw SystemError("write the ledger \(path)", errno: failure) }
            if fsync(fd) != 0 { throw SystemError("sync the ledger \(path)", errno: errno) }
            entries.append(entry)
        }
    }

    /// Takes an entry out, after what it names was removed.
    package func forget(_ entry: Entry) throws {
        try state.withLock { entries in
            let rest = entries.filter { !$0.isSameThing(as: entry) }
            if rest.count == entries.count { return }
            var bytes: [UInt8] = []
            for entry in rest {
                bytes += entry.json.serialized()
                bytes.append(UInt8(ascii: "\n"))
            }
            try Files.writeAtomically(path, bytes, mode: 0o600)
            entries = rest
        }
    }

    /// Records the setting's present value and sets the new one. Does nothing when it has that value.
    package func set(_ path: String, to value: String) throws {
        try NetworkNamespace.run(networkNamespace) {
            guard let previous = try Files.readText(path) else { throw SystemError("set \(path)", errno: ENOENT) }
            if previous == value { return }
            try self.record(.setting(path: path, previous: previous))
            try Files.writeSetting(path, value)
        }
    }

    /// Removes everything in reverse order and takes each thing out of the ledger as it goes. What could not be removed stays in it and is
    /// returned with the reason; the rest is removed all the same.
    package func undoAll() async -> [(entry: Entry, reason: String)] {
        var failures: [(entry: Entry, reason: String)] = []
        for entry in entries.reversed() {
            do {
                try await entry.undo(networkNamespace)
                try forget(entry)
            } catch {
                failures.append((entry, "\(error)"))
            }
        }
        return failures
    }
}

extension Ledger.Entry {
    private static let fields = (kind: "kind", target: "target", value: "value")

    /// Whether both name one thing, whatever its previous value.
    func isSameThing(as other: Ledger.Entry) -> Bool {
        if case .setting(let a, _) = self, case .setting(let b, _) = other { return a == b }
        return self == other
    }

    var json: JSONValue {
        func entry(_ kind: String, _ target: String, _ value: String? = nil) -> JSONValue {
            var object: JSONValue = ["kind": .string(kind), "target": .string(target)]
            if let value { object["value"] = .string(value) }
            return object
        }
        return switch self {
        case .file(let path): entry("file", path)
        case .directory(let path): entry("directory", path)
        case .tree(let path): entry("tree", path)
        case .mount(let path): entry("mount", path)
        case .link(let name): entry("link", name)
        case .route(let destination): entry("route", destination)
        case .table(let family, let name): entry("table", name, family)
        case .setting(let path, let previous): entry("setting", path, previous)
        case .cgroup(let path): entry("cgroup", path)
        case .portMappings: entry("portMappings", "")
        case .rules(let table, let comment): entry("rules", table, comment)
        case .process(let text): entry("process", text)
        }
    }

    init?(_ json: JSONValue) {
        guard let target = json["target"]?.stringValue else { return nil }
        let value = json["value"]?.stringValue
        switch (json["kind"]?.stringValue, value) {
        case ("file", _): self = .file(target)
        case ("directory", _): self = .directory(target)
        case ("tree", _): self = .tree(target)
        case ("mount", _): self = .mount(target)
        case ("link", _): self = .link(target)
        case ("route", _): self = .route(target)
        case ("table", let family?): self = .table(family: family, name: target)
        case ("setting", let previous?): self = .setting(path: target, previous: previous)
        case ("cgroup", _): self = .cgroup(target)
        case ("portMappings", _): self = .portMappings
        case ("rules", let comment?): self = .rules(table: target, comment: comment)
        case ("process", _): self = .process(target)
        default: return nil
        }
    }

    func undo(_ namespace: String?) async throws {
        switch self {
        case .file(let path):
            if unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR { throw SystemError("remove \(path)", errno: errno) }
        case .directory(let path):
            if rmdir(path) != 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST { throw SystemError("remove \(path)", errno: errno) }
        case .tree(let path):
            try Files.removeTree(path)
        case .mount(let path):
            if umount2(path, 2 /* MNT_DETACH */) != 0 && errno != EINVAL && errno != ENOENT {
                throw SystemError("unmount \(path)", errno: errno)
            }
        case .link(let name):
            let result = try await Command(["ip", "link", "delete", "dev", name], networkNamespace: namespace).runAnyExit()
            if result.exitCode != 0 && !result.errorText.contains("Cannot find device") {
                throw Command.Failure(command: "ip link delete dev \(name)", exitCode: result.exitCode, message: result.errorText)
            }
        case .route(let destination):
            let result = try await Command(["ip", "route", "delete", destination], networkNamespace: namespace).runAnyExit()
            if result.exitCode != 0 && !result.errorText.contains("No such process") {
                throw Command.Failure(command: "ip route delete \(destination)", exitCode: result.exitCode, message: result.errorText)
            }
        case .table(let family, let name):
            // Declaring it first makes deleting succeed when it is gone.
            let script = "table \(family) \(name)\ndelete table \(family) \(name)\n"
            try await Command(["nft", "-f", "-"], input: Array(script.utf8), networkNamespace: namespace).run()
        case .setting(let path, let previous):
            try NetworkNamespace.run(namespace) {
                if Files.exists(path) { try Files.writeSetting(path, previous) }
            }
        case .cgroup(let path):
            try await Cgroups.remove(path)
        case .portMappings:
            try await PortMappings.remove(namespace)
        case .rules(let table, let comment):
            try await GuestRules(table: table, comment: comment, networkNamespace: namespace).remove()
        case .process(let text):
            try await ProcessHandle(text: text)?.stop(grace: .seconds(10))
        }
    }
}
