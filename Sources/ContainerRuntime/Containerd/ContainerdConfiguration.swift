import Linux

/// Where our own containerd keeps its things and how it is set up. Everything is under one folder, so the host's containerd and Docker are
/// not touched.
package struct ContainerdConfiguration: Sendable {
    /// The data folder of the node, such as `/var/lib/apus`.
    package var dataFolder: String
    /// The image that holds a pod's namespaces, by the name under which it was imported.
    package var sandboxImage: String
    /// The folder of the CNI plugins' programs.
    package var cniProgramFolder: String
    /// Downloads of one pull at the same time.
    package var concurrentDownloadsMax = 3
    /// Set where root may not lower OOM scores, as in some containers and sandboxes: runc dies there when it is asked to.
    package var restrictOOMScore: Bool
    /// The network namespace that containerd and pods with the host's network run in; nil for our own.
    package var networkNamespace: String?
    /// The log is moved aside beyond this many bytes; one old one is kept.
    package var logBytesMax: Int64 = 16 << 20

    package init(dataFolder: String, sandboxImage: String, cniProgramFolder: String? = nil) throws {
        self.dataFolder = dataFolder
        self.sandboxImage = sandboxImage
        self.cniProgramFolder = cniProgramFolder ?? Self.findPlugins()
        self.restrictOOMScore = !Capabilities.has(.sysResource)
        // containerd puts a second socket beside the first.
        try SocketPath.check(socketPath + ".ttrpc")
    }

    package var folder: String { "\(dataFolder)/containerd" }
    package var configurationPath: String { "\(folder)/config.toml" }
    package var socketPath: String { "\(folder)/containerd.sock" }
    package var endpoint: String { "unix://\(socketPath)" }
    package var rootFolder: String { "\(folder)/root" }
    package var stateFolder: String { "\(folder)/state" }
    package var pidPath: String { "\(folder)/containerd.pid" }
    package var logPath: String { "\(dataFolder)/logs/containerd.log" }
    /// Settings per registry (mirrors, certificates, plain HTTP): `<folder>/<host:port>/hosts.toml`, read anew at each pull.
    package var registriesFolder: String { "\(folder)/certs.d" }
    package var cniConfigurationFolder: String { "\(dataFolder)/cni/net.d" }

    /// The first folder that has the bridge plugin: Debian's, then upstream's.
    package static func findPlugins() -> String {
        ["/usr/lib/cni", "/opt/cni/bin"].first { Files.exists("\($0)/bridge") } ?? "/opt/cni/bin"
    }

    /// containerd's configuration file (version 2, as containerd 1.6 and 1.7 read it).
    package var text: String {
        """
        # Written by apus at each start; changes are lost.
        version = 2
        root = \(quoted(rootFolder))
        state = \(quoted(stateFolder))
        disabled_plugins = [
          "io.containerd.internal.v1.opt",
          "io.containerd.internal.v1.restart",
          "io.containerd.internal.v1.tracing",
          "io.containerd.snapshotter.v1.aufs",
          "io.containerd.snapshotter.v1.btrfs",
          "io.containerd.snapshotter.v1.devmapper",
          "io.containerd.snapshotter.v1.zfs",
          "io.containerd.tracing.processor.v1.otlp",
        ]

        [grpc]
          address = \(quoted(socketPath))

        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = \(quoted(sandboxImage))
          max_concurrent_downloads = \(concurrentDownloadsMax)
          netns_mounts_under_state_dir = true
          restrict_oom_score_adj = \(restrictOOMScore)
          disable_tcp_service = true
          stream_server_address = "127.0.0.1"
          stream_server_port = "0"
          enable_unprivileged_ports = true
          enable_unprivileged_icmp = true

          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = \(quoted(cniProgramFolder))
            conf_dir = \(quoted(cniConfigurationFolder))
            max_conf_num = 1

          [plugins."io.containerd.grpc.v1.cri".containerd]
            snapshotter = "overlayfs"
            default_runtime_name = "runc"

            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
              runtime_type = "io.containerd.runc.v2"

              [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
                SystemdCgroup = false
                BinaryName = "runc"
                Root = \(quoted("\(stateFolder)/runc"))

          [plugins."io.containerd.grpc.v1.cri".registry]
            config_path = \(quoted(registriesFolder))

        """
    }

    /// A TOML basic string.
    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
