import ArgumentParser
import Lab

struct LabListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Tell of all labs and their machines.")

    @Option(name: .customLong("data-dir"), help: "The folder that holds all labs.")
    var dataDir = LabFolder.standard

    func run() async throws {
        await asLabCommand("list") {
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
            let widths = rows[0].indices.map { column in (rows.map { $0[column].count }.max() ?? 0) + 3 }
            for row in rows {
                let line = zip(row, widths).map { padded($0, $1) }.joined()
                Terminal.say(String(line.reversed().drop { $0 == " " }.reversed()))
            }
        }
    }
}
