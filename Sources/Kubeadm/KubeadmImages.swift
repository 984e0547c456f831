import ContainerRuntime
import Flags
import JSON
import Linux
import Logging

/// The image of all components, made of this very program.
enum KubeadmImages {
    static let program = "/usr/bin/apus"
    /// Where it is remembered what was imported.
    static let folder = "/var/lib/kubeadm/images"
    static let controlPlane = "apus.local/kubernetes:\(ApusVersion.kubernetes.replacingPlus)"

    /// The names that the program answers to inside the image.
    static let names = [
        "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "cluster-dns", "pod-network",
        ControlPlaneManifests.certificateKeeper,
    ]

    static func files() throws -> ImageFiles {
        var files = ImageFiles.base()
        try files.addProgram(ProgramPath.current, as: program)
        // What proxy and pod network call.
        for tool in ["nft", "ip", "conntrack"] {
            guard let path = Command.find(tool) else {
                throw KubeadmError("the program \(tool) is missing: apt-get install nftables iproute2 conntrack")
            }
            try files.addProgram(path, as: "/usr/bin/\(tool)")
        }
        for name in names { files.addSymlink("usr/bin/\(name)", to: "apus") }
        return files
    }

    /// The image that the runtime is set up to begin every pod with, where it has none of that name: it would be asked of a registry.
    private static func missingSandboxImage(_ runtime: RuntimeClient) async throws -> String? {
        guard let text = try await runtime.status(verbose: true).info["config"], let settings = try? JSONValue(parsing: text),
            let name = settings["sandboxImage"]?.stringValue, !name.isEmpty
        else { return nil }
        return try await runtime.imageStatus(.make { $0.image = name }) == nil ? name : nil
    }

    /// The image of etcd, made of the program that this machine's distribution has.
    ///
    /// - Throws: `KubeadmError` when there is none.
    static func etcd() async throws -> LocalImage {
        guard Command.find("etcd") != nil else {
            throw KubeadmError("the program etcd is missing: apt-get install etcd-server, and turn its own service off")
        }
        // etcd Version: 3.4.23
        let first = try await Command(["etcd", "--version"]).run().outputText.split(separator: "\n").first ?? ""
        let version = first.split(separator: " ").last.map(String.init) ?? "unknown"
        return LocalImage(name: "apus.local/etcd:\(version.replacingPlus)", entrypoint: [etcdProgram])
    }

    private static let etcdProgram = "/usr/bin/etcd"

    private static func etcdFiles() throws -> ImageFiles {
        var files = ImageFiles.base()
        for tool in ["etcd", "etcdctl"] {
            // The second is for people, who may not have it.
            if let path = Command.find(tool) { try files.addProgram(path, as: "/usr/bin/\(tool)") }
        }
        return files
    }

    /// Brings the images into the container runtime.
    ///
    /// - Parameters:
    ///   - folder: for what is remembered of the import.
    ///   - etcd: an image of etcd to make, too.
    static func ensure(socket: String, folder: String, etcd: LocalImage? = nil) async throws {
        let logger = Logger(label: "kubeadm")
        let runtime = try RuntimeClient(endpoint: socket, logger: logger)
        try await runtime.whileConnected {
            if let name = try await missingSandboxImage(runtime) {
                var pause = ImageFiles()
                pause.add(PauseProgram.bytes(), as: PauseProgram.name, mode: 0o755)
                try await LocalImages(client: runtime, folder: "\(folder)/pause", logger: logger)
                    .ensure([LocalImage(name: name, entrypoint: ["/" + PauseProgram.name])], files: pause)
            }
            try await LocalImages(client: runtime, folder: "\(folder)/program", logger: logger)
                .ensure([LocalImage(name: controlPlane, entrypoint: [program])], files: try files())
            if let etcd {
                try await LocalImages(client: runtime, folder: "\(folder)/etcd", logger: logger).ensure([etcd], files: try etcdFiles())
            }
        }
    }

    /// Takes away the images that ``ensure(socket:folder:etcd:)`` has brought in.
    ///
    /// - Parameter runtime: connected.
    /// - Returns: their names.
    static func remove(_ runtime: RuntimeClient, folder: String) async throws -> [String] {
        var names: [String] = []
        for part in ["pause", "program", "etcd"] {
            names += try await LocalImages(client: runtime, folder: "\(folder)/\(part)", logger: Logger(label: "kubeadm")).remove()
        }
        return names
    }
}

extension String {
    /// A plus is not allowed in an image's tag.
    var replacingPlus: String { String(map { $0 == "+" ? "-" : $0 }) }
}
