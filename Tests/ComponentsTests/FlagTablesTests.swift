import Flags
import Storage
import Testing

@testable import Components

@Suite("Flag tables of the components")
struct FlagTablesTests {
    @Test(
        "Every line of every table can be read, its default is of its type, and no name is there twice",
        arguments: Components.all.map { $0.table.program })
    func tables(_ program: String) throws {
        let table = try #require(Components.named(program)).table
        var names: Set<String> = []
        for entry in table.entries {
            #expect(names.insert(entry.key).inserted, "\(entry.key) is there twice")
            #expect(!entry.help.isEmpty, "\(entry.key) has no help")
            if let text = entry.defaultText, let flag = entry.flag, entry.kind != .tree, entry.standing == .used, entry.kind != .bool || text != "" {
                let isReadable = (try? FlagValues(table, arguments: ["--\(flag)=\(text)"])) != nil
                #expect(isReadable, "the default \(text) of \(flag) is not of its type")
            }
        }
        #expect(table.entries.count > 10)
    }

    @Test(
        "No line is lost",
        arguments: [("kubelet", 150), ("kube-apiserver", 150), ("kube-controller-manager", 130), ("kube-scheduler", 60), ("kube-proxy", 55)])
    func sizes(_ program: String, _ least: Int) throws {
        #expect(try #require(Components.named(program)).table.entries.count >= least)
    }

    @Test(
        "What k0s and kubeadm pass is taken",
        arguments: [
            (
                "kube-apiserver",
                [
                    "--advertise-address=10.0.0.1", "--allow-privileged=true", "--authorization-mode=Node,RBAC", "--client-ca-file=/x",
                    "--enable-admission-plugins=NodeRestriction", "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
                    "--proxy-client-cert-file=/x", "--requestheader-allowed-names=front-proxy-client",
                    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
                    "--secure-port=6443", "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                    "--service-cluster-ip-range=10.96.0.0/12",
                    "--profiling=false", "--tls-cipher-suites=TLS_AES_128_GCM_SHA256", "--v=1", "--anonymous-auth=false",
                ]
            ),
            (
                "kube-controller-manager",
                [
                    "--allocate-node-cidrs=true", "--authentication-kubeconfig=/x", "--bind-address=127.0.0.1", "--cluster-cidr=10.244.0.0/16",
                    "--cluster-name=kubernetes", "--cluster-signing-cert-file=/x", "--controllers=*,bootstrapsigner,tokencleaner",
                    "--leader-elect=true",
                    "--terminated-pod-gc-threshold=12500", "--use-service-account-credentials=true", "--service-account-private-key-file=/x",
                ]
            ),
            (
                "kube-scheduler",
                ["--authentication-kubeconfig=/x", "--bind-address=127.0.0.1", "--leader-elect=true", "--kubeconfig=/x", "--profiling=false"]
            ),
            (
                "kubelet",
                [
                    "--bootstrap-kubeconfig=/x", "--kubeconfig=/x", "--config=/x", "--cert-dir=/x", "--root-dir=/x", "--hostname-override=n",
                    "--node-labels=a=b", "--runtime-cgroups=/x", "--container-runtime-endpoint=unix:///x", "--pod-infra-container-image=p",
                ]
            ),
            ("kube-proxy", ["--config=/x", "--hostname-override=n"]),
        ])
    func taken(_ program: String, _ arguments: [String]) throws {
        _ = try FlagValues(try #require(Components.named(program)).table, arguments: arguments)
    }

    @Test(arguments: [
        (["--etcd-servers=127.0.0.1:2379"], "--etcd-servers 127.0.0.1:2379 must be an address"),
        (["--storage-backend=etcd3"], "--etcd-servers must be specified"),
        (["--storage-backend=etcd2"], "--storage-backend etcd2 is not supported"),
        (["--storage-backend=sqlite", "--etcd-servers=http://127.0.0.1:1"], "leave --etcd-servers out"),
        (["--sqlite-data-dir=/x", "--etcd-servers=http://127.0.0.1:1"], "--sqlite-data-dir"),
        (["--etcd-certfile=/x"], "give --etcd-servers too"),
        (["--etcd-servers=http://127.0.0.1:1", "--etcd-certfile=/x"], "must be given together"),
    ])
    func whatEtcdIsNotAskedFor(_ arguments: [String], _ words: String) throws {
        let flags = try FlagValues(APIServerComponent.table, arguments: arguments)
        let problem = #expect(throws: FlagProblem.self) { _ = try EtcdFlags(flags) }
        #expect(problem?.description.contains(words) == true)
    }

    @Test func eventsLiveAsLongAsIsSaid() throws {
        func duration(_ arguments: [String]) throws -> Duration {
            try APIServerComponent.eventTimeToLive(FlagValues(APIServerComponent.table, arguments: arguments))
        }
        #expect(try duration([]) == .seconds(3600) && duration(["--event-ttl=1m30s"]) == .seconds(90) && duration(["--event-ttl=0"]) == .zero)
        #expect(throws: FlagProblem.self) { try duration(["--event-ttl=-1s"]) }
    }

    @Test func thereIsOneStoreForAllResources() {
        let problem = #expect(throws: FlagProblem.self) {
            try FlagValues(APIServerComponent.table, arguments: ["--etcd-servers-overrides=/events#http://127.0.0.1:4002"])
        }
        #expect(
            problem?.description == "--etcd-servers-overrides is not supported: all resources share one store, and its one count of versions")
    }

    @Test func etcdByFlags() throws {
        let arguments = ["--etcd-servers=https://10.0.0.1:2379,unix:///run/etcd.sock", "--etcd-prefix=other", "--lease-reuse-duration-seconds=7"]
        let flags = try EtcdFlags(try FlagValues(APIServerComponent.table, arguments: arguments))
        #expect(flags?.configuration.endpoints.map(\.description) == ["https://10.0.0.1:2379", "unix:///run/etcd.sock"])
        #expect(flags?.configuration.keys == EtcdKeySpace("/registry", inEtcd: "/other"))
        #expect(flags?.configuration.leaseReuse == .seconds(7))
        #expect(try EtcdFlags(try FlagValues(APIServerComponent.table, arguments: [])) == nil)
    }
}
