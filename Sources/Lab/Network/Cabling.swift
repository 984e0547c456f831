/// The commands of `ip` that make the network of a lab, as pure text: all but the machine's own are for the namespace of the bridge.
enum Cabling {
    static let bridge = "lab"

    /// The bridge, which has the gateway's address so that machines have a way for addresses that are not theirs; it leads nowhere.
    static func bridge(_ subnet: Subnet) -> [String] {
        [
            "link set dev lo up",
            "link add name \(bridge) type bridge",
            "address add \(subnet.gateway)/\(subnet.prefix) dev \(bridge)",
            "link set dev \(bridge) up",
        ]
    }

    /// A cable from the bridge's namespace to the one of a process.
    static func plug(_ machine: MachinePlan, process: Int32) -> [String] {
        [
            "link add name \(machine.port) type veth peer name eth0 address \(machine.mac) netns \(process)",
            "link set dev \(machine.port) up",
        ]
    }

    /// In the machine's namespace: its address and its way to others.
    static func address(_ machine: MachinePlan, _ subnet: Subnet) -> [String] {
        [
            "link set dev lo up",
            "address add \(machine.address)/\(subnet.prefix) broadcast + dev eth0",
            "link set dev eth0 up",
            "route add default via \(subnet.gateway)",
        ]
    }

    /// The two ends of what a slow cable leads through: the carrier hands frames over from the port to the second, the first is on the bridge.
    static func detour(_ machine: MachinePlan) -> (bridge: String, carrier: String) {
        ("slow\(machine.index)a", "slow\(machine.index)b")
    }

    /// Takes the port off the bridge, and what a slow cable led through away.
    static func unplug(_ machine: MachinePlan, wasSlow: Bool) -> [String] {
        ["link set dev \(machine.port) nomaster"] + (wasSlow ? ["link delete dev \(detour(machine).bridge)"] : [])
    }

    /// Puts the port, or the way around it, on the bridge again.
    static func connect(_ machine: MachinePlan, _ state: LinkState) -> [String] {
        if state.isCut { return [] }
        guard !state.slowness.isNone else { return ["link set dev \(machine.port) master \(bridge)"] }
        let (first, second) = detour(machine)
        return [
            "link add name \(first) type veth peer name \(second)",
            "link set dev \(second) up",
            "link set dev \(first) up master \(bridge)",
        ]
    }
}
