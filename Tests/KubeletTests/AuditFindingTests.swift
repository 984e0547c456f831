import ContainerRuntime
import CoreV1
import Glibc
import KubernetesAPI
import KubernetesClient
import Linux
import Logging
import Synchronization
import Testing

@testable import Kubelet

/// What the two published audits of Kubernetes, of 2019 and of 2022, found about kubelets, one test each; those that other files show are not repeated.
@Suite struct AuditFindingTests {
    private static let manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: static}
        spec:
          containers: [{name: c, image: i}]

        """

    @Test("2019: a manifest fills the node agent's memory, or holds it up")
    func manifests() async throws {
        try await withTemporaryFolder { folder in
            let seen = Mutex<[[String]]>([])
            let (told, tell) = AsyncStream<Void>.makeStream()
            let clock = ManualClock()
            let source = StaticPodSource(
                folder: folder, nodeName: "n", period: .seconds(20), time: clock.timeSource,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                tell: { pods in
                    seen.withLock { $0.append(pods.map(\.name)) }
                    tell.yield()
                })
            try Files.write(folder + "/good.yaml", Array(Self.manifest.utf8))
            // A pipe that nobody writes to, a folder, and a file that is all holes.
            #expect(mkfifo(folder + "/pipe.yaml", 0o600) == 0)
            try Files.makeDirectory(folder + "/folder.yaml")
            try Files.write(folder + "/huge.yaml", [])
            #expect(truncate(folder + "/huge.yaml", 1 << 40) == 0)
            // A few lines that stand for more than any memory holds, and what is nested without end.
            var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
            for level in 1...12 { bomb += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ") + "]\n" }
            try Files.write(folder + "/bomb.yaml", Array(bomb.utf8))
            try Files.write(folder + "/deep.yaml", Array((String(repeating: "[", count: 900) + String(repeating: "]", count: 900)).utf8))
            let running = Task { try await source.run() }
            defer { running.cancel() }
            var changes = told.makeAsyncIterator()
            _ = await changes.next()
            #expect(seen.withLock { $0 } == [["static-n"]])
            // What was a manifest a moment ago and is none any more leaves its pod alone.
            #expect(truncate(folder + "/good.yaml", 1 << 40) == 0)
            try Files.write(folder + "/other.yaml", Array(Self.manifest.replacing("static", with: "other").utf8))
            await clock.waitForSleepers()
            clock.advance(by: .seconds(1))
            _ = await changes.next()
            #expect(seen.withLock { $0.last } == ["static-n", "other-n"])
        }
    }

    private func read(_ path: String) async throws -> Int {
        let count = Mutex(0)
        try await LogStreamer(path: path, options: LogOptions(), time: .system) { false }.stream { bytes in count.withLock { $0 += bytes.count } }
        return count.withLock { $0 }
    }

    @Test("2019: a link in place of a container's log shows any file of the node")
    func linksAmongLogs() async throws {
        try await withTemporaryFolder { folder in
            let line = "2024-01-01T00:00:00.000000001Z stdout F one\n"
            try Files.write(folder + "/secret", Array(line.utf8))
            try Files.makeLink(folder + "/link.log", to: folder + "/secret")
            try Files.makeDirectory(folder + "/folder.log")
            #expect(mkfifo(folder + "/pipe.log", 0o600) == 0)
            #expect(try await read(folder + "/secret") == 4)
            for name in ["link.log", "folder.log", "pipe.log"] {
                await #expect(throws: (any Error).self, "\(name)") { try await read("\(folder)/\(name)") }
            }
        }
    }

    @Test("2019: a log without line ends is read in parts")
    func linesWithoutEnd() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/0.log"
            try Files.write(path, Array(repeating: UInt8(ascii: "x"), count: 2 * LogFile.lineBytesMax + 7))
            var file = try LogFile(path: path)
            var (lines, longest) = (0, 0)
            while let line = try file.next() {
                lines += 1
                longest = max(longest, line.count)
            }
            #expect(lines == 2 && longest < LogFile.lineBytesMax * 2)
            #expect(file.remainder().count == 7)
        }
    }

    @Test("2019: containers run without seccomp unless somebody asks for it")
    func seccomp() throws {
        let container = Container { $0.name = "c" }
        for (isDefault, asked, expected) in [
            (true, nil, CRISecurityProfile.ProfileType.runtimeDefault), (false, nil, .unconfined), (true, "Unconfined", .unconfined),
            (false, "RuntimeDefault", .runtimeDefault),
        ] as [(Bool, String?, CRISecurityProfile.ProfileType)] {
            let pod = Pod {
                $0.spec.containers = [container]
                if let asked { $0.spec.securityContext = PodSecurityContext { $0.seccompProfile = SeccompProfile { $0.type = asked } } }
            }
            let contexts = SecurityContexts(pod: pod, seccompDefault: isDefault, seccompDirectory: "/seccomp")
            let context = try contexts.container(container, image: ImageUser(), targetID: nil)
            #expect(context.seccomp.profileType == expected, "\(isDefault) \(asked ?? "-")")
        }
    }
}
