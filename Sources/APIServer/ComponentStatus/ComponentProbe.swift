/// A part of the control plane that can be asked whether it is well.
package struct ComponentProbe: Sendable {
    package enum Health: Sendable {
        /// With what the part says.
        case healthy(String)
        /// With what it says, or why it can't be asked.
        case unhealthy(String)
    }

    /// `scheduler`, `controller-manager`, `etcd-0`...
    package let name: String
    let ask: @Sendable () async -> Health

    package init(_ name: String, ask: @escaping @Sendable () async -> Health) {
        self.name = name
        self.ask = ask
    }
}
