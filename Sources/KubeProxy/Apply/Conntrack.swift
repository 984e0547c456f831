import Linux
import Logging

/// Ends flows of datagrams that the kernel would go on sending to endpoints that are gone.
struct Conntrack: Sendable {
    /// Flows to a destination: those that were sent on to `target`, or all of them.
    struct Flows: Hashable, Sendable {
        var destination: ProxyState.Destination
        var target: IPv4?

        var arguments: [String] {
            var arguments = ["conntrack", "--delete", "--proto", "udp", "--dport", "\(destination.port)"]
            if let address = destination.address { arguments += ["--orig-dst", "\(address)"] }
            if let target { arguments += ["--dst-nat", "\(target)"] }
            return arguments
        }
    }

    /// Flows to endpoints that are no more; and all flows to a destination that had no endpoint until now, which went nowhere.
    static func stale(from old: [ProxyState.Destination: Set<IPv4>], to new: [ProxyState.Destination: Set<IPv4>]) -> Set<Flows> {
        var stale: Set<Flows> = []
        for (destination, targets) in old {
            for target in targets.subtracting(new[destination] ?? []) { stale.insert(Flows(destination: destination, target: target)) }
        }
        for (destination, targets) in new where !targets.isEmpty && (old[destination] ?? []).isEmpty {
            stale.insert(Flows(destination: destination, target: nil))
        }
        return stale
    }

    let networkNamespace: String?
    let logger: Logger

    func delete(_ flows: Set<Flows>) async {
        for flow in flows {
            do {
                let result = try await Command(flow.arguments, networkNamespace: networkNamespace).runAnyExit()
                // 1 with this text says that there was none.
                if result.exitCode != 0 && !result.errorText.contains("0 flow entries") {
                    throw Command.Failure(command: "conntrack", exitCode: result.exitCode, message: result.errorText)
                }
            } catch {
                logger.warning("old flows of datagrams could not be ended", metadata: ["error": "\(error)"])
            }
        }
    }
}
