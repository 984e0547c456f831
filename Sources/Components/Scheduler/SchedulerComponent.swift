import APIServer
package import Flags
import JSON
package import KubernetesClient
package import Logging
package import Scheduler
package import ServiceLifecycle

/// A scheduler with its informers. The only way in which one is put together.
package struct SchedulerAssembly: Sendable {
    package let services: [any ServiceLifecycle.Service]

    /// - Parameter shared: informers of the whole process, run by the caller; nil: its own.
    package init(client: Client, informers shared: InformerFactory? = nil, configuration: SchedulerConfiguration = .init(), logger: Logger) {
        var configuration = configuration
        configuration.sharesInformers = shared != nil
        let informers = shared ?? InformerFactory(client: client, logger: logger)
        let scheduler = Scheduler(client: client, informers: informers, configuration: configuration, logger: logger)
        services = shared == nil ? [informers, scheduler] : [scheduler]
    }
}

/// `kube-scheduler`.
package enum SchedulerComponent: Component {
    package static var table: FlagTable { SchedulerFlags.table }
    package static var configurationKind: (apiVersion: String, kind: String)? { (SchedulerFlags.apiVersion, SchedulerFlags.kind) }

    package static func run(_ flags: FlagValues) async throws {
        let logger = Logger(label: table.program)
        let configuration = try configuration(flags)
        let client = try ClientMaker.make(flags, logger: logger)
        var services: [any ServiceLifecycle.Service] = []
        if let server = try ComponentServer(flags, health: HealthHandler(), logger: logger, settings: Array("{}".utf8)) { services.append(server) }
        services += SchedulerAssembly(client: client, configuration: configuration, logger: logger).services
        try await ServiceRunner.run(services, logger: logger)
    }

    /// - Throws: `FlagProblem` naming the flag or field.
    static func configuration(_ flags: FlagValues) throws -> SchedulerConfiguration {
        var configuration = SchedulerConfiguration()
        let share = flags.int("percentageOfNodesToScore")
        guard (0...100).contains(share) else { throw FlagProblem("percentageOfNodesToScore \(share) must be between 0 and 100") }
        configuration.percentageOfNodesToScore = Int(share)
        if let profiles = flags.tree("profiles") { configuration.schedulerName = try schedulerName(profiles) }
        if let election = try LeaderElectionFlags(flags) {
            var settings = SchedulerConfiguration.LeaderElectionSettings(identity: election.identity)
            settings.namespace = election.namespace
            settings.name = election.name
            settings.timing = election.timing
            configuration.leaderElection = settings
        }
        return configuration
    }

    /// One profile with the standard plugins is what there is; more would be ignored in silence otherwise.
    private static func schedulerName(_ profiles: JSONValue) throws -> String {
        guard let list = profiles.arrayValue, list.count == 1, let profile = list[0].objectValue else {
            throw FlagProblem("profiles: exactly one profile is supported")
        }
        var name = SchedulerConfiguration().schedulerName
        for (key, value) in profile {
            switch key {
            case "schedulerName":
                guard let text = value.stringValue, !text.isEmpty else { throw FlagProblem("profiles[0].schedulerName: must be a name") }
                name = text
            case "plugins", "pluginConfig", "percentageOfNodesToScore":
                throw FlagProblem("profiles[0].\(key): is not supported; the standard plugins run")
            default: throw FlagProblem("profiles[0].\(key): unknown field; the nearest is \"schedulerName\"")
            }
        }
        return name
    }
}
