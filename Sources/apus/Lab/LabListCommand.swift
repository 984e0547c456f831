import ArgumentParser
import Kubeadm
import Lab

struct LabListCommand: LabSubcommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Tell of all labs and their machines.")

    @Option(name: .customLong("data-dir"), help: "The folder that holds all labs.")
    var dataDir = LabFolder.standard

    func work() async throws {
        let folders = try LabFolder.all(labs: dataDir)
        if folders.isEmpty { return Terminal.say("There is no lab in \(dataDir). Start one: apus lab up") }
        var rows = [["LAB", "MACHINE", "ADDRESS", "STATE", "CABLE"]]
        for folder in folders {
            let name = folder.name
            do {
                for one in try Laboratory(folder).conditions() {
                    let cable = one.link.description
                    rows.append([name, one.machine.hostname, one.machine.address, one.isRunning ? "up" : "off", cable.isEmpty ? "ok" : cable])
                }
            } catch {
                rows.append([name, "", "", "\(error)", ""])
            }
        }
        for line in Columns.text(rows) { Terminal.say(line) }
    }
}
