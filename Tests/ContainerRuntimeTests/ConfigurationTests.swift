import ContainerRuntime
import Testing

@Suite struct ConfigurationTests {
    @Test func everythingIsUnderTheDataFolder() throws {
        var configuration = try ContainerdConfiguration(dataFolder: "/d\"q\\", sandboxImage: "apus.local/pause:1", cniProgramFolder: "/cni")
        configuration.restrictOOMScore = true
        let text = configuration.text
        for line in [
            #"root = "/d\"q\\/containerd/root""#, #"state = "/d\"q\\/containerd/state""#, #"address = "/d\"q\\/containerd/containerd.sock""#,
            #"sandbox_image = "apus.local/pause:1""#, "restrict_oom_score_adj = true", #"bin_dir = "/cni""#, "SystemdCgroup = false",
        ] {
            #expect(text.contains(line), "\(line)")
        }
    }

    @Test func aFolderTooLongForASocketIsRefused() {
        #expect {
            try ContainerdConfiguration(dataFolder: "/" + String(repeating: "x", count: 90), sandboxImage: "x", cniProgramFolder: "/cni")
        } throws: {
            "\($0)".contains("choose a shorter data folder")
        }
        #expect(throws: SocketPath.TooLong.self) { try SocketPath.check(String(repeating: "x", count: 108)) }
        #expect(throws: Never.self) { try SocketPath.check(String(repeating: "x", count: 107)) }
    }
}
