import ContainerRuntime
import Flags
import Linux

/// The images made of this binary, which need no registry.
enum ClusterImages {
    private static let program = "/usr/bin/apus"

    static let pause = LocalImage(name: "apus.local/pause:\(ApusVersion.number)", entrypoint: [program, "pause"])
    static let hello = LocalImage(
        name: "apus.local/hello:\(ApusVersion.number)", entrypoint: [program, "hello"], exposedPorts: ["8080/tcp"])

    static let all = [pause, hello]

    /// The files of all of them: this binary with the libraries it loads.
    static func files() throws -> ImageFiles {
        var files = ImageFiles.base()
        try files.addProgram(ProgramPath.current, as: program)
        return files
    }
}
