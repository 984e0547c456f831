import JSON

/// What an `AdmissionConfiguration` (apiserver.config.k8s.io/v1, `--admission-control-config-file`) says of the plugins that take settings.
package struct AdmissionFile: Sendable {
    /// Nil: the file says nothing of pod security.
    package private(set) var podSecurity: PodSecurityConfiguration?

    private static let podSecurityVersions = ["pod-security.admission.config.k8s.io/v1"]

    /// - Parameter read: reads a file that a plugin's settings stand in; paths are relative to the folder of `path`.
    package init(yaml bytes: [UInt8], path: String, read: (String) throws -> [UInt8]) throws(ConfigurationFileError) {
        let root = try ConfigurationNode(
            yaml: bytes, file: path, kind: "AdmissionConfiguration", versions: ["apiserver.config.k8s.io/v1"])
        try root.allow("plugins")
        var names: Set<String> = []
        for plugin in try root.children("plugins") {
            try plugin.allow("name", "path", "configuration")
            let name = try plugin.required("name")
            guard names.insert(name).inserted else { throw plugin.error("name", "Duplicate value: \(goQuoted(name))") }
            guard name == "PodSecurity" else { throw plugin.error("name", "the plugin \(name) takes no settings here; PodSecurity does") }
            podSecurity = try Self.podSecurity(plugin, path, read)
        }
    }

    private static func podSecurity(
        _ plugin: ConfigurationNode, _ path: String, _ read: (String) throws -> [UInt8]
    ) throws(ConfigurationFileError) -> PodSecurityConfiguration? {
        let kind = "PodSecurityConfiguration"
        if let inner = plugin.tree["configuration"], !inner.isNull {
            return try PodSecurityConfiguration(
                ConfigurationNode(
                    tree: inner, file: plugin.file, field: plugin.field + ".configuration", kind: kind, versions: podSecurityVersions))
        }
        let place = try plugin.string("path")
        if place.isEmpty { return nil }
        let whole = place.hasPrefix("/") ? place : String(path[..<(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)]) + place
        let bytes: [UInt8]
        do {
            bytes = try read(whole)
        } catch {
            throw plugin.error("path", "\(error)")
        }
        return try PodSecurityConfiguration(ConfigurationNode(yaml: bytes, file: whole, kind: kind, versions: podSecurityVersions))
    }
}

extension PodSecurityConfiguration {
    init(_ node: ConfigurationNode) throws(ConfigurationFileError) {
        try node.allow("defaults", "exemptions")
        if let defaults = try node.child("defaults") {
            try defaults.allow("enforce", "enforce-version", "audit", "audit-version", "warn", "warn-version")
            try Self.read("enforce", defaults, &self.defaults.enforce)
            try Self.read("audit", defaults, &self.defaults.audit)
            try Self.read("warn", defaults, &self.defaults.warn)
        }
        guard let exemptions = try node.child("exemptions") else { return }
        try exemptions.allow("usernames", "namespaces", "runtimeClasses")
        exemptUsernames = try Self.unique("usernames", exemptions)
        exemptNamespaces = try Self.unique("namespaces", exemptions)
        exemptRuntimeClasses = try Self.unique("runtimeClasses", exemptions)
    }

    private static func read(
        _ mode: String, _ node: ConfigurationNode, _ standard: inout PodSecurityStandard
    ) throws(ConfigurationFileError) {
        let level = try node.string(mode)
        if !level.isEmpty {
            guard let known = PodSecurityLevel(rawValue: level) else {
                throw node.error(mode, "Invalid value: \(goQuoted(level)): must be one of privileged, baseline, restricted")
            }
            standard.level = known
        }
        let version = try node.string(mode + "-version")
        if !version.isEmpty {
            guard let known = PodSecurityVersion(version) else {
                throw node.error(mode + "-version", "Invalid value: \(goQuoted(version)): must be \"latest\" or \"v1.x\"")
            }
            standard.version = known
        }
    }

    private static func unique(_ name: String, _ node: ConfigurationNode) throws(ConfigurationFileError) -> Set<String> {
        var all: Set<String> = []
        for (index, text) in try node.strings(name).enumerated() {
            if text.isEmpty { throw node.error("\(name)[\(index)]", "Invalid value: must not be empty") }
            if !all.insert(text).inserted { throw node.error("\(name)[\(index)]", "Duplicate value: \(goQuoted(text))") }
        }
        return all
    }
}
