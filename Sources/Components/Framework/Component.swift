package import Flags

/// A part of Kubernetes that runs as a process of its own, under upstream's name.
package protocol Component: Sendable {
    /// Its flags and the fields of its configuration file.
    static var table: FlagTable { get }
    /// The kind of its configuration file, if it has one.
    static var configurationKind: (apiVersion: String, kind: String)? { get }

    /// Runs until SIGTERM or SIGINT, then stops in order.
    ///
    /// - Throws: what keeps it from running, in words for the person who started it.
    static func run(_ flags: FlagValues) async throws
}

extension Component {
    package static var configurationKind: (apiVersion: String, kind: String)? { nil }
}

/// All components, by the name that a process is called by.
package enum Components {
    package static let all: [any Component.Type] = [
        APIServerComponent.self, ControllerManagerComponent.self, SchedulerComponent.self, KubeletComponent.self, KubeProxyComponent.self,
        ClusterDNSComponent.self, PodNetworkComponent.self, CertificateKeeperComponent.self,
    ]

    package static func named(_ name: String) -> (any Component.Type)? {
        all.first { $0.table.program == name }
    }
}

/// What keeps a component from running, in words for the person who started it.
package struct ComponentProblem: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}
