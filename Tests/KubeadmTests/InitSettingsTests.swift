import Flags
import JSON
import PKI
import Testing

@testable import Kubeadm

@Suite("kubeadm init")
struct InitSettingsTests {
    private func settings(_ arguments: [String]) throws -> InitSettings {
        try InitSettings(InitSettings.read(InitFlags.table, ["--apiserver-advertise-address=192.0.2.1", "--node-name=Master"] + arguments))
    }

    @Test func defaultsAreUpstreams() throws {
        let settings = try settings([])
        #expect(settings.nodeName == "master" && settings.server == "https://192.0.2.1:6443" && settings.serviceSubnet == "10.96.0.0/12")
        #expect(
            settings.firstServiceAddress == "10.96.0.1" && settings.dnsAddress == "10.96.0.10" && settings.manifests == "/etc/kubernetes/manifests")
    }

    @Test(arguments: [("cluster.example", "https://cluster.example:6443"), ("cluster.example:8443", "https://cluster.example:8443")])
    func endpoints(_ given: String, _ server: String) throws {
        #expect(try settings(["--control-plane-endpoint=\(given)"]).server == server)
    }

    @Test(
        arguments: [
            (["--token=short"], "--token must have the form [a-z0-9]{6}.[a-z0-9]{16}, as kubeadm token generate makes it"),
            (["--service-cidr=10.96.0.0"], "--service-cidr 10.96.0.0 must be an IPv4 range such as 10.96.0.0/12"),
            (["--kubernetes-version=v1.20.5"], "--kubernetes-version v1.20.5: this program is \(ApusVersion.kubernetes) and sets up only that"),
            (["--pod-network=x"], "unknown flag: --pod-network; the nearest is --pod-network-cidr"),
        ])
    func refused(_ arguments: [String], _ message: String) {
        #expect(throws: FlagProblem(message)) { try settings(arguments) }
    }

    @Test func certificateNamesCoverTheEndpoint() throws {
        let names = try settings(["--control-plane-endpoint=cluster.example:8443", "--apiserver-cert-extra-sans=198.51.100.1,other"]).certificateNames
        #expect(names.names == ["master", "other", "cluster.example"] && names.addresses == ["192.0.2.1", "198.51.100.1"])
    }

    @Test func manifestsCarryFlags() throws {
        var changed = try settings(["--pod-network-cidr=10.244.0.0/16"])
        changed.extraArguments["kube-apiserver"] = [("secure-port", "7443"), ("v", "4")]
        let manifests = ControlPlaneManifests(settings: changed)
        let server = manifests.text("kube-apiserver")
        #expect(server.contains("    - --secure-port=7443\n") && !server.contains("--secure-port=6443") && server.contains("    - --v=4\n"))
        let tree = try YAMLTree.read(server, path: "m")
        #expect(tree["kind"] == "Pod" && tree["spec"]?["hostNetwork"] == true && tree["spec"]?["containers"]?[0]?["command"]?[0] == "kube-apiserver")
        let controllers = try YAMLTree.read(manifests.text("kube-controller-manager"), path: "m")
        let command = controllers["spec"]?["containers"]?[0]?["command"]?.arrayValue?.compactMap(\.stringValue) ?? []
        #expect(command.contains("--cluster-cidr=10.244.0.0/16") && command.contains("--controllers=*,bootstrapsigner,tokencleaner"))
        #expect(
            command.contains("--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt")
                && server.contains("    - --enable-bootstrap-token-auth=true\n"))
    }

    @Test func whatIsUploadedMakesTheSameControlPlaneElsewhere() throws {
        let first = try settings([
            "--pod-network-cidr=10.244.0.0/16", "--etcd", "--control-plane-endpoint=cluster.test", "--apiserver-cert-extra-sans=198.51.100.1",
        ])
        var changed = first
        changed.extraArguments["kube-scheduler"] = [("v", "4")]
        let second = try InitSettings.ofCluster(
            // As an older version has left it.
            UploadedConfiguration.text(changed).replacing(ApusVersion.upstream, with: "v1.35.0"),
            arguments: ["--apiserver-advertise-address=192.0.2.2", "--node-name=second"])
        #expect(second.server == first.server && second.podSubnet == first.podSubnet && second.extraNames == ["198.51.100.1"])
        #expect(second.store.local?.dataFolder == "/var/lib/etcd" && second.extraArguments["kube-scheduler"]?.first?.value == "4")
        let server = ControlPlaneManifests(settings: second).text("kube-apiserver")
        #expect(server.contains("--etcd-servers=https://127.0.0.1:2379\n") && !server.contains("sqlite") && server.contains("192.0.2.2:6443"))
        #expect(
            second.plannedCertificates.map(\.word) == [
                "apiserver", "apiserver-kubelet-client", "front-proxy-client", "etcd-server", "etcd-peer", "etcd-healthcheck-client",
                "apiserver-etcd-client",
            ])
        // Where the embedded store is has no field of its own.
        let embedded = try InitSettings.ofCluster(
            UploadedConfiguration.text(try settings(["--data-dir=/srv/store"])), arguments: ["--apiserver-advertise-address=192.0.2.1"])
        #expect(
            embedded.dataFolder == "/srv/store" && ControlPlaneManifests(settings: embedded).text("kube-apiserver").contains("path: /srv/store\n"))
    }

    @Test(arguments: [
        ("local: {}, external: {}", "exclude each other"), ("local: {datadir: /x}", "etcd.local.datadir: unknown field"),
        ("external: {endpoints: []}", "etcd.external.endpoints must name at least one URL"), ("local: 3", "etcd.local: must be a mapping"),
    ])
    func storesThatCannotBe(_ etcd: String, _ part: String) {
        let text = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\netcd: {\(etcd)}\n"
        let problem = #expect(throws: FlagProblem.self) {
            try InitSettings.ofCluster(text, arguments: ["--apiserver-advertise-address=192.0.2.1"])
        }
        #expect(problem?.description.contains(part) == true, "\(problem?.description ?? "")")
    }

    @Test func certificatesLiveAsLongAsTheConfigurationSays() throws {
        let first = try settings(["--certificate-validity-period=2160h", "--ca-certificate-validity-period=43800h"])
        #expect(first.plannedCertificates.allSatisfy { $0.spec.validity == .seconds(2160 * 3600) })
        #expect(Kubeconfigs.all(first).allSatisfy { $0.spec.validity == .seconds(2160 * 3600) })
        let text = UploadedConfiguration.text(first)
        let tree = try YAMLTree.read(text, path: "m")
        #expect(tree["certificateValidityPeriod"] == "2160h0m0s" && tree["caCertificateValidityPeriod"] == "43800h0m0s")
        let second = try InitSettings.ofCluster(text, arguments: ["--apiserver-advertise-address=192.0.2.2", "--node-name=second"])
        #expect(second.certificateValidity == first.certificateValidity && second.authorityValidity == first.authorityValidity)
        #expect(throws: FlagProblem("--certificate-validity-period must be more than 0, such as 8760h")) {
            try settings(["--certificate-validity-period=0s"])
        }
    }

    @Test func theKeeperOfCertificatesHasTheirFilesAndNoMore() throws {
        var settings = try settings(["--certificate-validity-period=2160h"])
        func pod() throws -> JSONValue {
            try YAMLTree.read(ControlPlaneManifests(settings: settings).text("kube-certificate-keeper"), path: "m")
        }
        let container = try #require(try pod()["spec"]?["containers"]?[0])
        let command = container["command"]?.arrayValue?.compactMap(\.stringValue) ?? []
        #expect(command.first == "kube-certificate-keeper" && command.contains("--certificate-validity-period=2160h0m0s"))
        #expect(command.contains("--node-name=master") && command.contains("--kubeconfig=/etc/kubernetes/controller-manager.conf"))
        #expect(container["securityContext"]?["capabilities"]?["drop"] == ["ALL"] && container["livenessProbe"] == nil)
        func mounts() throws -> [String] {
            try pod()["spec"]?["containers"]?[0]?["volumeMounts"]?.arrayValue?.map {
                "\($0["mountPath"]?.stringValue ?? "")\($0["readOnly"] == true ? " read only" : "")"
            } ?? []
        }
        #expect(try mounts() == ["/etc/kubernetes", "/etc/kubernetes/manifests read only"])
        settings.certificates = "/srv/pki"
        #expect(try mounts() == ["/etc/kubernetes", "/srv/pki", "/etc/kubernetes/manifests read only"])
    }

    @Test func theFrontProxyIsKnownByItsAuthority() throws {
        let arguments = ControlPlaneManifests(settings: try settings([])).arguments("kube-apiserver").map { "\($0.name)=\($0.value)" }
        for flag in [
            "requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt", "requestheader-allowed-names=front-proxy-client",
            "requestheader-username-headers=X-Remote-User", "proxy-client-cert-file=/etc/kubernetes/pki/front-proxy-client.crt",
        ] { #expect(arguments.contains(flag)) }
        #expect(arguments == arguments.sorted())
    }

    @Test func phasesHaveUpstreamsNamesAndOrder() {
        #expect(
            Phase.all.map(\.name) == [
                "preflight", "certs", "kubeconfig", "etcd", "control-plane", "kubelet-start", "wait-control-plane", "upload-config",
                "upload-certs", "mark-control-plane", "bootstrap-token", "kubelet-finalize", "addon",
            ])
    }

    @Test func theKubeletsConfigurationTakesWhatTheFileSays() throws {
        var changed = try settings([])
        changed.kubelet = ["failSwapOn": true, "authentication": ["anonymous": ["enabled": true]]]
        let tree = KubeletFiles.configuration(changed)
        #expect(tree["failSwapOn"] == true && tree["authentication"]?["anonymous"]?["enabled"] == true)
        #expect(tree["authentication"]?["x509"]?["clientCAFile"] == "/etc/kubernetes/pki/ca.crt")
        let machine = KubeletFiles.Machine(
            nodeName: "w", nodeIP: "192.0.2.9", criSocket: "unix:///s", cgroupDriver: "systemd", taints: ["a=b:NoSchedule"], arguments: [("v", "4")])
        let local = KubeletFiles.local(tree, machine)
        #expect(local["cgroupDriver"] == "systemd" && local["containerRuntimeEndpoint"] == "unix:///s")
        #expect(
            KubeletFiles.environment(machine)
                == "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///s --hostname-override=w --node-ip=192.0.2.9 --register-with-taints=a=b:NoSchedule --v=4\"\n"
        )
    }

    @Test func addOnsAreReadable() throws {
        let manifests = AddOnManifests(settings: try settings([]))
        for document in (manifests.dns + "\n---\n" + manifests.proxy).split(separator: "\n---\n") {
            let tree = try YAMLTree.read(String(document), path: "m")
            #expect(tree["kind"]?.stringValue != nil && tree["metadata"]?["name"]?.stringValue != nil)
        }
    }
}
