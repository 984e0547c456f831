import ArgumentParser
import Glibc

/// One binary; the name it is called by chooses what it is.
@main enum Main {
    static func main() async {
        // A peer that has gone away is an error of that write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "apus"
        switch name {
        case "apus": await ApusCommand.main(Array(CommandLine.arguments.dropFirst()))
        default:
            Terminal.fail("there is no component called \(name) in this binary; call it as apus")
        }
    }
}
