package import JSON

/// What a lab consists of, as it is kept on disk.
package struct LabPlan: Equatable, Sendable {
    package var name: String
    package var subnet: Subnet
    package var machines: [MachinePlan]
    /// Whether its machines were to become a cluster.
    package var isBare: Bool

    /// - Throws: ``LabError`` for names that can't be, and for more machines than the range has addresses for.
    package init(
        name: String, subnet: Subnet, hostnames: [String], isBare: Bool, using random: inout some RandomNumberGenerator
    ) throws(LabError) {
        try Self.check(name: name, what: "the lab's name")
        guard !hostnames.isEmpty else { throw LabError("a lab has at least one machine") }
        guard hostnames.count <= subnet.machinesMax else {
            throw LabError("\(subnet) has addresses for \(subnet.machinesMax) machines, not for \(hostnames.count): choose a wider --subnet")
        }
        for hostname in hostnames { try Self.check(name: hostname, what: "the hostname") }
        if let twice = hostnames.first(where: { one in hostnames.count { $0.lowercased() == one.lowercased() } > 1 }) {
            throw LabError("two machines are called \(twice.lowercased()): nodes of a cluster must differ in their names")
        }
        self.name = name
        self.subnet = subnet
        self.isBare = isBare
        machines = []
        for (index, hostname) in hostnames.enumerated() {
            machines.append(MachinePlan(hostname: hostname, index: index, address: subnet.machine(index), using: &random))
        }
    }

    /// `Master, WorkNode1, WorkNode2, ...`
    package static func hostnames(workers: Int) -> [String] {
        ["Master"] + (0..<max(0, workers)).map { "WorkNode\($0 + 1)" }
    }

    /// The machine of that hostname, in upper or lower case.
    package func machine(_ hostname: String) throws(LabError) -> MachinePlan {
        guard let found = machines.first(where: { $0.hostname.lowercased() == hostname.lowercased() }) else {
            throw LabError("the lab \(name) has no machine \(hostname): it has \(machines.map(\.hostname).joined(separator: ", "))")
        }
        return found
    }

    /// Names stand in paths, cgroups and `/etc/hosts`.
    package static func check(name: String, what: String) throws(LabError) {
        let isAllowed = name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) && $0 > 0x40 || $0 == 0x2D }
        guard isAllowed, !name.isEmpty, name.utf8.count <= 63, !name.hasPrefix("-"), !name.hasSuffix("-") else {
            throw LabError("\(what) «\(name)» can't be: letters, digits and - only, at most 63, neither beginning nor ending with -")
        }
    }

    // MARK: - On disk

    package var json: JSONValue {
        [
            "name": .string(name), "subnet": .string(subnet.description), "bare": .bool(isBare), "machines": .array(machines.map(\.json)),
        ]
    }

    package init?(_ json: JSONValue) {
        guard let name = json["name"]?.stringValue, let subnet = json["subnet"]?.stringValue.flatMap(Subnet.init),
            let machines = json["machines"]?.arrayValue?.compactMap(MachinePlan.init)
        else { return nil }
        self.name = name
        self.subnet = subnet
        self.machines = machines
        isBare = json["bare"]?.boolValue ?? true
    }
}

/// One machine: what tells it from the others.
package struct MachinePlan: Equatable, Sendable {
    package var hostname: String
    /// Counted from 0.
    var index: Int
    package var address: String
    var mac: String
    /// 32 hexadecimal digits, as in `/etc/machine-id`.
    var machineID: String
    /// As the firmware of a machine says it.
    var productUUID: String

    init(hostname: String, index: Int, address: String, using random: inout some RandomNumberGenerator) {
        self.hostname = hostname
        self.index = index
        self.address = address
        // The second lowest bit of the first byte says that nobody has assigned the address.
        mac = (["02"] + (0..<5).map { _ in Self.hexadecimal(random.next(), digits: 2) }).joined(separator: ":")
        machineID = Self.hexadecimal(random.next(), digits: 16) + Self.hexadecimal(random.next(), digits: 16)
        productUUID =
            [
                Self.hexadecimal(random.next(), digits: 8), Self.hexadecimal(random.next(), digits: 4),
                "4" + Self.hexadecimal(random.next(), digits: 3),
                "8" + Self.hexadecimal(random.next(), digits: 3), Self.hexadecimal(random.next(), digits: 12),
            ].joined(separator: "-")
    }

    private static func hexadecimal(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String((String(repeating: "0", count: 16 - text.count) + text).suffix(digits))
    }

    /// The bridge's end of its cable.
    var port: String { "port\(index)" }

    var json: JSONValue {
        [
            "hostname": .string(hostname), "index": .integer(Int64(index)), "address": .string(address), "mac": .string(mac),
            "machineID": .string(machineID), "productUUID": .string(productUUID),
        ]
    }

    init?(_ json: JSONValue) {
        guard let hostname = json["hostname"]?.stringValue, let index = json["index"]?.integerValue, let address = json["address"]?.stringValue,
            let mac = json["mac"]?.stringValue, let machineID = json["machineID"]?.stringValue, let productUUID = json["productUUID"]?.stringValue
        else { return nil }
        self.hostname = hostname
        self.index = Int(index)
        self.address = address
        self.mac = mac
        self.machineID = machineID
        self.productUUID = productUUID
    }
}

/// What keeps something from being done with a lab, in words for the person who asked for it.
package struct LabError: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
