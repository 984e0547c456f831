import JSON
import Testing

@testable import Lab

@Suite struct PlanTests {
    private func plan(_ hostnames: [String], subnet: String = "10.0.2.0/24", name: String = "lab") throws -> LabPlan {
        var random = SystemRandomNumberGenerator()
        return try LabPlan(name: name, subnet: #require(Subnet(subnet)), hostnames: hostnames, isBare: true, using: &random)
    }

    @Test func machinesDifferInEverything() throws {
        let plan = try plan(LabPlan.hostnames(workers: 2))
        #expect(plan.machines.map(\.hostname) == ["Master", "WorkNode1", "WorkNode2"])
        #expect(plan.machines.map(\.address) == ["10.0.2.15", "10.0.2.16", "10.0.2.17"])
        for property in [\MachinePlan.mac, \.machineID, \.productUUID, \.port] {
            #expect(Set(plan.machines.map { $0[keyPath: property] }).count == 3)
        }
        for machine in plan.machines {
            #expect(machine.mac.hasPrefix("02:") && machine.mac.split(separator: ":").allSatisfy { $0.count == 2 } && machine.mac.count == 17)
            #expect(machine.machineID.count == 32)
            #expect(machine.productUUID.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
        }
    }

    @Test func aPlanIsReadAsItWasWritten() throws {
        let plan = try plan(["a", "b"])
        #expect(LabPlan(plan.json) == plan)
        #expect(LabPlan(["name": "x"]) == nil)
    }

    @Test(arguments: [
        (["a", "A"], "two machines are called a"), (["a_b"], "can't be"), ([""], "can't be"), (["-a"], "can't be"), ([String](), "at least one"),
        ([String](repeating: "x", count: 64), "has addresses for"), ([String(repeating: "x", count: 64)], "can't be"),
    ])
    func whatCannotBeIsSaid(hostnames: [String], part: String) {
        let error = #expect(throws: LabError.self) { try plan(hostnames, subnet: "10.0.2.0/26") }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test func aMachineIsFoundInAnyCase() throws {
        let plan = try plan(["Master", "WorkNode1"])
        #expect(try plan.machine("worknode1").hostname == "WorkNode1")
        #expect(throws: LabError.self) { try plan.machine("WorkNode2") }
    }

    @Test(arguments: [
        ("10.0.2.0/24", "10.0.2.1", "10.0.2.15", 240), ("192.168.7.64/26", "192.168.7.65", "192.168.7.79", 48),
        ("172.16.0.8/29", "172.16.0.9", "172.16.0.10", 5), ("10.0.0.0/8", "10.0.0.1", "10.0.0.15", 16_777_200),
    ])
    func addressesOfASubnet(text: String, gateway: String, first: String, machines: Int) throws {
        let subnet = try #require(Subnet(text))
        #expect(subnet.description == text)
        #expect(subnet.gateway == gateway)
        #expect(subnet.machine(0) == first)
        #expect(subnet.machinesMax == machines)
    }

    @Test(arguments: ["10.0.2.0", "10.0.2.1/24", "10.0.2.0/30", "10.0.2/24", "10.0.2.256/24", "x/24", "10.0.2.0/24/1", "10.0.2.0/7", "/24"])
    func whatIsNoSubnet(text: String) {
        #expect(Subnet(text) == nil)
    }

    @Test func foldersThatMachinesWouldSeeAreRefused() throws {
        #expect(try LabFolder(labs: "/var/lib/labs/", name: "a").path == "/var/lib/labs/a")
        #expect(try LabFolder(labs: "/var/lib/labs", name: "a").cgroup == "/apus-lab-var-lib-labs-a")
        for (labs, name) in [("/usr/labs", "a"), ("/etc", "a"), ("labs", "a"), ("/", "a"), ("/a:b", "a"), ("/a b", "a"), ("/a", ".."), ("/a", "")] {
            #expect(throws: LabError.self) { try LabFolder(labs: labs, name: name) }
        }
    }

    @Test func everyMachineKnowsTheOthers() throws {
        let hosts = MachineFiles.hosts(try plan(["Master", "WorkNode1"]))
        #expect(hosts.contains("\n10.0.2.15\tMaster\n10.0.2.16\tWorkNode1\n"))
    }
}
