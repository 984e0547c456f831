import ContainerRuntime
import Flags
import Linux

/// The images made of this binary, which need no registry.
enum ClusterImages {
    private static let program = "/usr/bin/apus"

    static let pause = LocalImage(name: "apus.local/pause:\(ApusVersion.number)", entrypoint: ["/" + PauseProgram.name])
    static let hello = LocalImage(
        name: "apus.local/hello:\(ApusVersion.number)", entrypoint: [program, "hello"], exposedPorts: ["8080/tcp"])

    /// All of the pause image: a few hundred bytes, since every pod runs it.
    static func pauseFiles() -> ImageFiles {
        var files = ImageFiles()
        files.add(PauseProgram.bytes(), as: PauseProgram.name, mode: 0o755)
        return files
    }

    /// The files of the others: this binary with the libraries it loads.
    static func programFiles() throws -> ImageFiles {
        var files = ImageFiles.base()
        try files.addProgram(ProgramPath.current, as: program)
        return files
    }
}
