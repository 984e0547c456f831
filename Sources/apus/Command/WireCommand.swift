import APIServer
import ArgumentParser
import Foundation
import KubernetesAPI

/// `apus wire`: an object from one form into another.
struct WireCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wire", abstract: "Turn an object on the standard input from one of the API's encodings into another.",
        discussion: """
            The forms are json, yaml and protobuf (with its envelope, as clients send it and as etcd keeps it). The object goes through the decoders and
            encoders of the API server: what its kind does not have is left out, with a warning.
            """)

    @Option(help: "The form of the input.")
    var from: WireFormat

    @Option(help: "The form of the output.")
    var to: WireFormat

    @Option(
        help: ArgumentHelp(
            "What the object is, if it does not say so itself, such as apps/v1/Deployment or /v1/Pod.", valueName: "group/version/kind"))
    var kind: KindOption?

    func run() throws {
        do {
            let input = [UInt8](FileHandle.standardInput.readDataToEndOfFile())
            let (object, issues) = try from.decode(input, as: kind?.kind)
            for issue in issues { Terminal.complain(issue) }
            FileHandle.standardOutput.write(Data(try to.encode(object, as: kind?.kind)))
        } catch {
            Terminal.fail("cannot turn the object from \(from.rawValue) into \(to.rawValue): \(error)")
        }
    }
}

extension WireFormat: ExpressibleByArgument {}

/// `group/version/kind` on a command line.
struct KindOption: ExpressibleByArgument {
    let kind: GroupVersionKind

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, !parts[1].isEmpty, !parts[2].isEmpty else { return nil }
        kind = GroupVersionKind(group: parts[0], version: parts[1], kind: parts[2])
    }
}
