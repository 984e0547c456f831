import ControllerManager
import Flags
import Kubelet
import KubernetesClient
import Scheduler
import Testing

@testable import Components

@Suite("From settings to components")
struct SettingsTests {
    private func kubelet(_ arguments: [String], file: String? = nil) throws -> KubeletConfiguration {
        var flags = try FlagValues(KubeletFlags.table, arguments: ["--hostname-override=Node1"] + arguments)
        if let file {
            let head = "apiVersion: \(KubeletFlags.apiVersion)\nkind: \(KubeletFlags.kind)\n"
            try flags.read(ConfigurationFile(path: "k.yaml", apiVersion: KubeletFlags.apiVersion, kind: KubeletFlags.kind), text: head + file)
        }
        return try KubeletSettings(flags).configuration()
    }

    @Test func kubeletDefaultsAreUpstreams() throws {
        let configuration = try kubelet([])
        #expect(configuration.nodeName == "node1" && configuration.port == 10250 && configuration.maxPods == 110 && configuration.failSwapOn)
        #expect(configuration.containerLogMaxSize == 10 << 20 && configuration.evictionHardMemory == "100Mi" && configuration.cgroupRoot == "/")
        #expect(configuration.nodeStatusReportFrequency == .seconds(300) && configuration.registerNode)
    }

    @Test func kubeletReadsWhatKubeadmWrites() throws {
        let configuration = try kubelet(
            ["--node-ip=192.0.2.1", "--register-with-taints=a=b:NoSchedule,c:NoExecute"],
            file: """
                authentication:
                  anonymous: {enabled: false}
                  webhook: {cacheTTL: 0s, enabled: true}
                  x509: {}
                authorization: {mode: Webhook, webhook: {cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s}}
                cgroupDriver: systemd
                clusterDNS: [10.96.0.10]
                clusterDomain: cluster.local
                containerRuntimeEndpoint: "unix:///run/x.sock"
                cpuManagerReconcilePeriod: 0s
                crashLoopBackOff: {}
                evictionPressureTransitionPeriod: 0s
                fileCheckFrequency: 0s
                healthzBindAddress: 127.0.0.1
                healthzPort: 10248
                logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
                memorySwap: {}
                resolvConf: /run/systemd/resolve/resolv.conf
                rotateCertificates: true
                shutdownGracePeriod: 0s
                staticPodPath: /etc/kubernetes/manifests
                evictionHard: {memory.available: 200Mi, nodefs.available: 10%}
                failSwapOn: false
                """)
        #expect(configuration.cgroupDriver == "systemd" && configuration.clusterDNS == ["10.96.0.10"] && !configuration.failSwapOn)
        #expect(configuration.containerRuntimeEndpoint == "unix:///run/x.sock" && configuration.evictionHardMemory == "200Mi")
        #expect(configuration.registerWithTaints.map { "\($0.key) \($0.value) \($0.effect)" } == ["a b NoSchedule", "c  NoExecute"])
        #expect(configuration.nodeIPs == ["192.0.2.1"])
    }

    @Test(
        arguments: [
            (["--node-ip=x"], "--node-ip x must be an IP address"), (["--max-pods=0"], "--max-pods 0 must be between 1 and 10000"),
            (["--cgroup-driver=other"], "--cgroup-driver other must be cgroupfs or systemd"),
            (["--container-log-max-size=big"], "--container-log-max-size big must be a size such as 10Mi"),
            (["--system-reserved=cpu=lots"], "--system-reserved and --kube-reserved: cpu=lots is not a quantity"),
            (["--port=70000"], "--port 70000 must be between 0 and 65535"),
        ])
    func kubeletRefuses(_ arguments: [String], _ message: String) {
        #expect(throws: FlagProblem(message)) { try kubelet(arguments) }
    }

    @Test func leaderElectionTimesMustFit() throws {
        let flags = try FlagValues(SchedulerFlags.table, arguments: ["--leader-elect-lease-duration=5s"])
        #expect(throws: FlagProblem("--leader-elect-lease-duration must be greater than --leader-elect-renew-deadline")) {
            try SchedulerComponent.configuration(flags)
        }
        #expect(try SchedulerComponent.configuration(FlagValues(SchedulerFlags.table, arguments: ["--leader-elect=false"])).leaderElection == nil)
    }

    @Test func schedulerFile() throws {
        func name(_ profiles: String) throws -> String {
            var flags = try FlagValues(SchedulerFlags.table, arguments: [])
            let file = ConfigurationFile(path: "s.yaml", apiVersion: SchedulerFlags.apiVersion, kind: SchedulerFlags.kind)
            try flags.read(file, text: "apiVersion: \(SchedulerFlags.apiVersion)\nkind: \(SchedulerFlags.kind)\n\(profiles)")
            return try SchedulerComponent.configuration(flags).schedulerName
        }
        #expect(try name("profiles: [{schedulerName: mine}]") == "mine")
        #expect(try name("leaderElection: {leaderElect: false}") == "default-scheduler")
        #expect(throws: FlagProblem("profiles[0].plugins: is not supported; the standard plugins run")) { try name("profiles: [{plugins: {}}]") }
        #expect(throws: FlagProblem("profiles: exactly one profile is supported")) { try name("profiles: [{}, {}]") }
    }

    @Test(
        arguments: [("10249", nil), ("127.0.0.1", "127.0.0.1:7"), (":10249", "0.0.0.0:10249"), ("[::1]:2", "::1:2"), ("::1", "::1:7"), ("x:2", nil)]
            as [(String, String?)])
    func endpoints(_ text: String, _ expected: String?) {
        #expect(Endpoint(text, defaultPort: 7).map { "\($0.host):\($0.port)" } == expected)
    }

    @Test func controllersByName() throws {
        #expect(throws: FlagProblem("--controllers: there is no controller \"nonsense\"")) {
            try ControllerManagerComponent.configuration(FlagValues(ControllerManagerFlags.table, arguments: ["--controllers=*,nonsense"]))
        }
        let some = try ControllerManagerComponent.configuration(
            FlagValues(ControllerManagerFlags.table, arguments: ["--controllers=replicaset,-deployment-controller"]))
        #expect(some.selection.included == ["replicaset-controller"] && some.selection.excluded == ["deployment-controller"])
        #expect(!some.selection.includesDefaults)
    }

    @Test(
        arguments: [
            ([], true), (["--cloud-provider=external"], false), (["--cloud-provider=external", "--controllers=*,service"], true),
            (["--controllers=*,-service-lb-controller"], false),
        ] as [([String], Bool)])
    func loadBalancersAreLeftToACloud(_ arguments: [String], _ runs: Bool) throws {
        let settings = try ControllerManagerComponent.configuration(FlagValues(ControllerManagerFlags.table, arguments: arguments))
        #expect(settings.selection.excluded.contains("service-lb-controller") != runs)
        #expect(throws: FlagProblem("--cloud-provider aws must be external: clouds are looked after by components of their own")) {
            try ControllerManagerComponent.configuration(FlagValues(ControllerManagerFlags.table, arguments: ["--cloud-provider=aws"]))
        }
    }

    @Test func howLongANodeMayBeSilent() throws {
        func settings(_ arguments: [String]) throws -> Duration {
            try ControllerManagerComponent.configuration(FlagValues(ControllerManagerFlags.table, arguments: arguments)).nodeMonitorGracePeriod
        }
        #expect(try settings([]) == .seconds(50))
        #expect(try settings(["--node-monitor-grace-period=16s"]) == .seconds(16))
        #expect(throws: FlagProblem("--node-monitor-grace-period must be more than 0, such as 50s")) {
            try settings(["--node-monitor-grace-period=0s"])
        }
    }

    @Test func theKubeletsPortIsClosedUnlessItIsSaid() throws {
        let silent = try FlagValues(KubeletFlags.table, arguments: [])
        #expect(!silent.bool("anonymous-auth") && silent.bool("authentication-token-webhook") && silent.string("authorization-mode") == "Webhook")
        #expect(silent.int("read-only-port") == 0)
        let problem = #expect(throws: FlagProblem.self) { try FlagValues(KubeletFlags.table, arguments: ["--read-only-port=10255"]) }
        #expect(problem?.description.contains("--read-only-port is not supported") == true)
        #expect(throws: FlagProblem.self) {
            var flags = silent
            let head = "apiVersion: \(KubeletFlags.apiVersion)\nkind: \(KubeletFlags.kind)\n"
            try flags.read(
                ConfigurationFile(path: "k.yaml", apiVersion: KubeletFlags.apiVersion, kind: KubeletFlags.kind), text: head + "readOnlyPort: 10255")
        }
    }

    @Test func tokenSecretsNeedAKey() throws {
        func makes(_ gates: String) throws -> Bool {
            try ControllerManagerComponent.configuration(FlagValues(ControllerManagerFlags.table, arguments: ["--feature-gates=\(gates)"]))
                .makesTokenSecrets
        }
        #expect(try !makes("Other=true"))
        #expect(try !makes("LegacyServiceAccountTokenNoAutoGeneration=true"))
        #expect(throws: FlagProblem.self) { try makes("LegacyServiceAccountTokenNoAutoGeneration=false") }
        #expect(throws: FlagProblem.self) { try makes("LegacyServiceAccountTokenNoAutoGeneration=perhaps") }
    }

    @Test func requestsForCertificatesOfPodsAreCleanedWhereTheFeatureIsOn() throws {
        for (arguments, cleans) in [([], false), (["--feature-gates=PodCertificateRequest=true"], true)] as [([String], Bool)] {
            let flags = try FlagValues(ControllerManagerFlags.table, arguments: arguments)
            #expect(try ControllerManagerComponent.configuration(flags).cleansPodCertificateRequests == cleans)
        }
    }

    @Test func componentsByName() {
        #expect(Components.named("kubelet") != nil && Components.named("kube-apiserver") != nil && Components.named("apus") == nil)
    }
}
