import Glibc
import Linux
import Logging
import Testing

@testable import Kubelet

@Suite struct PreflightTests {
    private static let header = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
    private static let swap = header + "/dev/sdb2                               partition\t8388604\t\t0\t\t-2\n"

    private func check(_ swaps: String, failSwapOn: Bool = false, user: uid_t = 0) async throws {
        try await withTemporaryFolder { folder in
            var configuration = KubeletConfiguration(nodeName: "node-1")
            configuration.rootDirectory = folder + "/kubelet"
            configuration.podLogsDir = folder + "/logs"
            configuration.failSwapOn = failSwapOn
            try Files.write(folder + "/swaps", Array(swaps.utf8))
            try Preflight.check(
                configuration, swaps: folder + "/swaps", user: user, Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            #expect(Files.isDirectory(configuration.podLogsDir))
        }
    }

    @Test func swapIsNoObstacleUnlessItIsMadeOne() async throws {
        try await check(Self.swap)
        try await check(Self.header, failSwapOn: true)
        await #expect { try await check(Self.swap, failSwapOn: true) } throws: { "\($0)".contains("swapoff -a") && "\($0)".contains("failSwapOn") }
    }

    @Test func othersThanRootAreToldSo() async {
        await #expect { try await check(Self.header, user: 1000) } throws: { "\($0)".contains("must run as root") && "\($0)".contains("sudo") }
    }

    @Test func foldersThatCannotBeMadeAreNamed() async throws {
        try await withTemporaryFolder { folder in
            try Files.write(folder + "/file", [])
            var configuration = KubeletConfiguration(nodeName: "node-1")
            configuration.rootDirectory = folder + "/file/kubelet"
            #expect {
                try Preflight.check(configuration, user: 0, Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            } throws: { "\($0)".contains("\(folder)/file/kubelet") && "\($0)".contains("Not a directory") }
        }
    }
}
