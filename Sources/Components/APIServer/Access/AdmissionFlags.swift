import APIServer
import Flags
import Logging

/// Which admission plugins run, and their settings.
enum AdmissionFlags {
    static func apply(_ flags: FlagValues, to configuration: inout APIServerConfiguration, logger: Logger) throws {
        configuration.disabledAdmissionPlugins = try disabled(flags, logger)
        configuration.optionalAdmissionPlugins = Set(flags.list("enable-admission-plugins"))
        configuration.defaultTolerations = DefaultTolerationSeconds(
            notReady: flags.int("default-not-ready-toleration-seconds"), unreachable: flags.int("default-unreachable-toleration-seconds"))
        guard let path = flags.text("admission-control-config-file") else { return }
        let file = try AdmissionFile(yaml: try ServingFiles.read(path), path: path, read: ServingFiles.read)
        if let podSecurity = file.podSecurity { configuration.podSecurity = podSecurity }
    }

    private static func disabled(_ flags: FlagValues, _ logger: Logger) throws(FlagProblem) -> Set<String> {
        let known = AdmissionChain.pluginNames
        for name in flags.list("enable-admission-plugins") where !known.contains(name) {
            throw FlagProblem("--enable-admission-plugins: there is no plugin \(name); there are \(known.sorted().joined(separator: ", "))")
        }
        let disabled = Set(flags.list("disable-admission-plugins"))
        if let both = flags.list("enable-admission-plugins").first(where: { disabled.contains($0) }) {
            throw FlagProblem("\(both) in --enable-admission-plugins and --disable-admission-plugins overlapped")
        }
        for name in disabled where !known.contains(name) {
            logger.info("--disable-admission-plugins: there is no plugin \(name), so it does not run anyway")
        }
        // As upstream, this one runs only where it is asked for.
        return flags.list("enable-admission-plugins").contains("NodeRestriction") ? disabled : disabled.union(["NodeRestriction"])
    }
}
