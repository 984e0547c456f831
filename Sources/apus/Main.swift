import ArgumentParser
import Components
import Flags
import Glibc
import Kubeadm
import Lab
import Linux

/// One binary; the name it is called by chooses what it is.
@main enum Main {
    static func main() async {
        // What must be alone on its thread comes before anything could start another.
        switch CommandLine.arguments.dropFirst().first {
        case MachineInit.argument: MachineInit.run(Array(CommandLine.arguments.dropFirst(2)))
        case Carrier.argument: Carrier.run(Array(CommandLine.arguments.dropFirst(2)))
        default: break
        }
        // A peer that has gone away is an error of that write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        ProcessMemory.keepFreedMemory()
        ProcessMemory.keepOutOfCores()
        let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "apus"
        if let component = Components.named(name) { await ComponentMain.run(component, arguments: Array(CommandLine.arguments.dropFirst())) }
        // In a container the binary has one name only: its first argument may choose as well.
        if let component = CommandLine.arguments.dropFirst().first.flatMap(Components.named) {
            await ComponentMain.run(component, arguments: Array(CommandLine.arguments.dropFirst(2)))
        }
        if name == "kubeadm" { await KubeadmMain.run(Array(CommandLine.arguments.dropFirst())) }
        guard name == "apus" else {
            let names = Components.all.map { $0.table.program }.joined(separator: ", ")
            Terminal.fail("there is no component called \(name) in this binary; it answers to apus, kubeadm, \(names)")
        }
        await ApusCommand.main(Array(CommandLine.arguments.dropFirst()))
    }
}
