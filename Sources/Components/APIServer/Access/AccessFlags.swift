package import APIServer
package import Flags
package import Logging

/// The flags that say who may do what, and what is kept secret and what is recorded of it.
package enum AccessFlags {
    /// The groups of the table that `apply` looks at.
    private static let groups: Set<String> = ["Authentication", "Authorization", "Admission", "Auditing"]

    /// Over what a cluster in one process begins with: flags of these groups and of encryption, as `name=value`.
    ///
    /// - Throws: `FlagProblem` naming the flag, or what is wrong with a file.
    package static func apply(arguments: [String], to configuration: inout APIServerConfiguration, logger: Logger) throws {
        let given = try FlagValues(APIServerFlags.table, arguments: arguments.map { $0.hasPrefix("--") ? $0 : "--\($0)" })
        for entry in given.table.entries where given.isGiven(entry.key) {
            // Its keys are those of the cluster's own folder.
            guard groups.contains(entry.group) || entry.key.hasPrefix("encryption-provider-"), !entry.key.hasPrefix("service-account-"),
                entry.key != "api-audiences"
            else {
                throw FlagProblem("--kube-apiserver-arg \(entry.key): the server sees to that itself")
            }
        }
        var standard: [String] = []
        if !given.isGiven("enable-bootstrap-token-auth") { standard.append("--enable-bootstrap-token-auth") }
        if !given.list("enable-admission-plugins").contains("NodeRestriction") { standard.append("--enable-admission-plugins=NodeRestriction") }
        let flags = try FlagValues(APIServerFlags.table, arguments: standard + arguments.map { $0.hasPrefix("--") ? $0 : "--\($0)" })
        for note in flags.notes { logger.notice("\(note)") }
        try apply(flags, to: &configuration, logger: logger)
    }

    /// - Throws: `FlagProblem` naming the flag, or what is wrong with a file.
    package static func apply(_ flags: FlagValues, to configuration: inout APIServerConfiguration, logger: Logger) throws {
        try AuthenticationFlags.apply(flags, to: &configuration, logger: logger)
        try AuthorizationFlags.apply(flags, to: &configuration, logger: logger)
        try AdmissionFlags.apply(flags, to: &configuration, logger: logger)
        configuration.audit = try AuditFlags.options(flags, logger: logger)
        configuration.encryption = try EncryptionFlags.options(flags)
    }
}
