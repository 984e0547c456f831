/// Text operations on paths; nothing here looks at the disk.
package enum Path {
    package static func parent(_ path: String) -> String? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let parent = path[..<slash]
        return parent.isEmpty ? "/" : String(parent)
    }

    package static func name(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return path }
        return String(path[path.index(after: slash)...])
    }

    package static func join(_ base: String, _ rest: String) -> String {
        if rest.isEmpty { return base }
        let tail = rest.drop { $0 == "/" }
        return base.hasSuffix("/") ? base + tail : base + "/" + tail
    }

    /// The parts between slashes, without empty ones and ".".
    package static func components(_ path: String) -> [String] {
        path.split(separator: "/").map(String.init).filter { $0 != "." }
    }

    /// Whether the path is relative and has no "..": what may be joined to a volume's root.
    package static func staysInside(_ path: String) -> Bool {
        !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
    }
}
