import ContainerRuntime
import Linux

/// The kubelet and kubeadm on a machine that is to be part of a cluster: this very program under their names, and the kubelet's service.
enum Installation {
    /// Where the program is on a machine, with what it loads beside it.
    private static let folder = "usr/lib/apus"

    /// Beside those that every machine has.
    static var files: [MachineFiles.File] {
        var files = ["apus", "kubelet", "kubeadm"].map { MachineFiles.File(path: "usr/bin/\($0)", content: .link("../lib/apus/apus")) }
        files.append(MachineFiles.File(path: "etc/init.d/kubelet", content: .text(PackageResources.kubelet_init), mode: 0o755))
        files.append(MachineFiles.File(path: "etc/rc0.d/K01kubelet", content: .link("../init.d/kubelet")))
        // After the container runtime, by its name.
        files.append(MachineFiles.File(path: "etc/rc2.d/S02kubelet", content: .link("../init.d/kubelet")))
        let settings = "# Pods reach others through this machine.\nnet.ipv4.ip_forward = 1\n"
        files.append(MachineFiles.File(path: "etc/sysctl.d/99-kubernetes.conf", content: .text(Array(settings.utf8))))
        return files
    }

    /// Copies the program.
    ///
    /// - Parameter place: where a path below `/` of the machine is kept.
    static func copyProgram(_ place: (String) -> String) async throws {
        let target = place(folder)
        try Files.makeDirectory(target)
        try await copy(ProgramPath.current, to: "\(target)/apus")
        for case .library(_, let path) in try Executables.libraries(of: ProgramPath.current) where !Disk.isShared(path) {
            try await copy(path, to: target)
        }
    }

    private static func copy(_ path: String, to target: String) async throws {
        try await Command(["cp", "--reflink=auto", "--dereference", path, target]).run()
    }
}
