import JSON
import Linux

/// Why the runtime has no network for pods, as far as its folder of CNI configurations tells: the question of everybody whose first node is not ready.
enum NetworkConfigurationReport {
    static let defaultFolder = "/etc/cni/net.d"
    /// Names of files that are told.
    private static let namesMax = 5

    /// - Parameters:
    ///   - info: what the runtime tells of itself, by topic; containerd has `config` and `lastcniLoadStatus`.
    ///   - list: the names in a folder; nil when there is no such folder.
    static func words(info: [String: String], list: (String) -> [String]? = names) -> String {
        let settings = info["config"].flatMap { try? JSONValue(parsing: Array($0.utf8)) }
        let folder = settings?["cni"]?["confDir"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? defaultFolder
        guard let names = list(folder) else { return "\(folder), the folder of CNI configurations, does not exist; \(remedy)" }
        let configurations = names.filter { name in [".conflist", ".conf", ".json"].contains { name.hasSuffix($0) } }.sorted()
        if configurations.isEmpty {
            let others = names.isEmpty ? "is empty" : "has none in it (only \(some(names.sorted())))"
            return "\(folder), the folder of CNI configurations, \(others); \(remedy)"
        }
        let load = info["lastcniLoadStatus"].flatMap { $0.isEmpty || $0 == "OK" ? nil : $0 }
        return "\(folder) has \(some(configurations))"
            + (load.map { ", and the runtime says of it: \($0)" } ?? ", which the runtime is about to read")
    }

    private static let remedy = "a pod network's manifest puts one there: kubectl apply -f [podnetwork].yaml"

    private static func some(_ names: [String]) -> String {
        names.prefix(namesMax).joined(separator: ", ") + (names.count > namesMax ? " and \(names.count - namesMax) more" : "")
    }

    private static func names(_ folder: String) -> [String]? {
        guard Files.isDirectory(folder) else { return nil }
        return try? Files.list(folder)
    }
}
