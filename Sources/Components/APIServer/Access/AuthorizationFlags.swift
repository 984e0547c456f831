import APIServer
import Flags
import Logging

/// Who decides what users may do.
enum AuthorizationFlags {
    static func apply(_ flags: FlagValues, to configuration: inout APIServerConfiguration, logger: Logger) throws {
        if let path = flags.text("authorization-config") {
            let file = try file(path, flags, logger)
            configuration.authorizationModes = try file.read(try ServingFiles.read(path))
            configuration.authorizationFile = file
        } else if let modes = try modes(flags, logger) {
            configuration.authorizationModes = modes
        }
        let allowsAll = configuration.authorizationModes.contains { if case .alwaysAllow = $0 { true } else { false } }
        if allowsAll, configuration.authentication.anonymous != .nowhere {
            logger.warning("with the mode AlwaysAllow nobody may be anonymous: --anonymous-auth is turned off")
            configuration.authentication.anonymous = .nowhere
            if let file = configuration.authentication.file {
                configuration.authentication.file = AuthenticationOptions.File(path: file.path) { bytes in
                    var settings = try file.read(bytes)
                    settings.anonymous = .nowhere
                    return settings
                }
            }
        }
    }

    private static func file(_ path: String, _ flags: FlagValues, _ logger: Logger) throws -> AuthorizationFileOptions {
        let others = [
            "authorization-mode", "authorization-webhook-config-file", "authorization-webhook-version",
            "authorization-webhook-cache-authorized-ttl", "authorization-webhook-cache-unauthorized-ttl",
        ]
        if let other = others.first(where: { flags.isGiven($0) }) {
            throw FlagProblem("--\(other) can not be specified when --authorization-config is")
        }
        return AuthorizationFileOptions(path: path) { bytes in
            try AuthorizationFile(yaml: bytes, path: path).members.map { member in
                switch member {
                case .mode(let mode): return mode
                case .webhook(let webhook):
                    return .webhook(
                        WebhookAuthorizer(
                            transport: try OutsideServer.transport(kubeconfig: webhook.kubeconfig, logger: logger), settings: webhook.settings,
                            logger: logger))
                }
            }
        }
    }

    /// Nil when no flag says anything.
    private static func modes(_ flags: FlagValues, _ logger: Logger) throws -> [AuthorizationMode]? {
        let names = flags.list("authorization-mode")
        let kubeconfig = flags.text("authorization-webhook-config-file")
        if kubeconfig != nil, !names.contains("Webhook") {
            throw FlagProblem("--authorization-webhook-config-file needs the mode Webhook in --authorization-mode")
        }
        guard flags.isGiven("authorization-mode") else { return nil }
        if names.isEmpty { throw FlagProblem("--authorization-mode must name at least one mode: Node, RBAC") }
        var modes: [AuthorizationMode] = []
        for name in names {
            if modes.contains(where: { $0.name == name }) { throw FlagProblem("--authorization-mode \(name) is named twice") }
            if name == "Webhook" {
                guard let kubeconfig else { throw FlagProblem("--authorization-mode Webhook needs --authorization-webhook-config-file") }
                modes.append(.webhook(try webhook(kubeconfig, flags, logger)))
                continue
            }
            guard let mode = AuthorizationMode(name: name) else {
                throw FlagProblem(
                    "--authorization-mode \(name) is not supported: use Node, RBAC, Webhook"
                        + (name == "ABAC" ? "; what ABAC policies say can be said by roles" : ", AlwaysAllow or AlwaysDeny"))
            }
            modes.append(mode)
        }
        return modes
    }

    private static func webhook(_ path: String, _ flags: FlagValues, _ logger: Logger) throws -> WebhookAuthorizer {
        var settings = WebhookAuthorizer.Settings()
        settings.authorizedLife = flags.duration("authorization-webhook-cache-authorized-ttl")
        settings.unauthorizedLife = flags.duration("authorization-webhook-cache-unauthorized-ttl")
        if settings.authorizedLife < .zero || settings.unauthorizedLife < .zero {
            throw FlagProblem("--authorization-webhook-cache-authorized-ttl and --authorization-webhook-cache-unauthorized-ttl must not be negative")
        }
        settings.version = try AuthenticationFlags.reviewVersion(flags, "authorization-webhook-version")
        return WebhookAuthorizer(transport: try OutsideServer.transport(kubeconfig: path, logger: logger), settings: settings, logger: logger)
    }
}
