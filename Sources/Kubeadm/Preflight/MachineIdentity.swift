import JSON
import Linux

/// What tells a machine from others, which copies of virtual machines often share.
struct MachineIdentity: Sendable {
    var nodeIP: String
    /// Hardware addresses of this machine's links, by link.
    var links: [String: String]
    /// Of the firmware; empty where there is none.
    var productUUID: String
    var machineID: String

    static func read(nodeIP: String) async -> MachineIdentity {
        var links: [String: String] = [:]
        if let result = try? await Command(["ip", "-json", "link"]).run(), let tree = try? JSONValue(parsing: result.output) {
            links = self.links(tree)
        }
        func word(_ path: String) -> String { ((try? Files.readText(path)) ?? nil ?? "").filter { !$0.isWhitespace }.lowercased() }
        return MachineIdentity(
            nodeIP: nodeIP, links: links, productUUID: word("/sys/class/dmi/id/product_uuid"), machineID: word("/etc/machine-id"))
    }

    /// From what `ip -json link` says; loopback and links without an address of their own are left out.
    static func links(_ tree: JSONValue) -> [String: String] {
        var links: [String: String] = [:]
        for link in tree.arrayValue ?? [] where link["link_type"]?.stringValue == "ether" {
            guard let name = link["ifname"]?.stringValue, let address = link["address"]?.stringValue else { continue }
            links[name] = address.lowercased()
        }
        return links
    }

    /// - Parameters:
    ///   - neighbours: hardware addresses by IP address, as this machine has learnt them.
    ///   - names: of nodes, by IP address.
    func findings(neighbours: [String: String], names: [String: String]) -> [Finding] {
        neighbours.sorted { $0.key < $1.key }.compactMap { address, hardware in
            guard address != nodeIP, let link = links.filter({ $0.value == hardware.lowercased() }).keys.min() else { return nil }
            let other = names[address].map { "the node \($0) (\(address))" } ?? address
            return .error(
                "MACAddress",
                "\(link) of this machine has the same MAC address as \(other): \(hardware); a copied virtual machine must be given a new one"
                    + " (in its network settings: generate new MAC addresses), and a restart")
        }
    }

    /// Two machines with one MAC address mostly do not hear each other at all.
    func silence(of address: String) -> Finding {
        let own = links.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return .warning(
            "MACAddress",
            "no machine on this link answers for \(address): if this one is a copy of another virtual machine, see that it has a MAC address of its own"
                + " (\(own)): in its network settings, generate a new MAC address, and start it again")
    }

    /// - Parameter nodes: those of the cluster.
    func findings(nodes: [JSONValue], nodeName: String) -> [Finding] {
        var found: [Finding] = []
        for (address, other) in JoinChecks.addresses(nodes, except: nodeName) where address == nodeIP {
            found.append(
                .error(
                    "NodeIP",
                    "the node \(other) has this machine's address \(address): give this machine another (ip address), or name another of its own with --node-ip"
                ))
        }
        for node in nodes {
            guard let other = node["metadata"]?["name"]?.stringValue, other != nodeName, let info = node["status"]?["nodeInfo"] else { continue }
            if !productUUID.isEmpty, info["systemUUID"]?.stringValue?.lowercased() == productUUID {
                found.append(
                    .warning(
                        "ProductUUID",
                        "the node \(other) has the same product_uuid: \(productUUID); a copied virtual machine should be given a new one in its settings"
                    ))
            }
            if !machineID.isEmpty, info["machineID"]?.stringValue == machineID {
                found.append(
                    .warning(
                        "MachineID",
                        "the node \(other) has the same /etc/machine-id: \(machineID); to make a new one: rm /etc/machine-id, systemd-machine-id-setup, restart"
                    ))
            }
        }
        return found
    }
}
