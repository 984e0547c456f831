import CoreV1
import KubernetesAPI
import KubernetesClient
import Testing

@testable import Kubelet

/// ConfigMaps and Secrets that are simply there.
struct FixedObjects: ObjectSource {
    var configMaps: [String: [String: String]] = [:]
    var secrets: [String: [String: String]] = [:]
    var claims: [String: PersistentVolumeClaim] = [:]
    var volumes: [String: PersistentVolume] = [:]

    func configMap(_ name: String, namespace: String) async throws -> ConfigMap {
        guard let data = configMaps[name] else { throw Self.missing("configmap", name) }
        return ConfigMap { $0.data = data }
    }

    func secret(_ name: String, namespace: String) async throws -> Secret {
        guard let data = secrets[name] else { throw Self.missing("secret", name) }
        return Secret { $0.data = data.mapValues { Array($0.utf8) } }
    }

    func claim(_ name: String, namespace: String) async throws -> PersistentVolumeClaim {
        guard let claim = claims[name] else { throw Self.missing("persistentvolumeclaim", name) }
        return claim
    }

    func volume(_ name: String) async throws -> PersistentVolume {
        guard let volume = volumes[name] else { throw Self.missing("persistentvolume", name) }
        return volume
    }

    static func missing(_ kind: String, _ name: String) -> APIStatusError {
        APIStatusError(
            status: Status {
                $0.reason = "NotFound"
                $0.message = "\(kind) \"\(name)\" not found"
            }, code: 404)
    }
}

@Suite struct ExpansionTests {
    @Test(arguments: [
        ("$(A)", "1"), ("x$(A)y$(B)", "x1y2"), ("$$(A)", "$(A)"), ("$$$(A)", "$1"), ("$(MISSING)", "$(MISSING)"), ("$(A", "$(A"), ("$A", "$A"),
        ("$", "$"), ("a$$", "a$"), ("$()", "$()"), ("$(A)$(A)", "11"), ("plain", "plain"), ("$(A$(B))", "$(A$(B))"),
    ])
    func references(text: String, result: String) {
        #expect(Expansion.expand(text, ["A": "1", "B": "2"]) == result)
    }
}

@Suite struct EnvironmentTests {
    private let node = NodeFacts(
        name: "node-1", addresses: ["192.168.0.1"], allocatable: ["cpu": Quantity(4), "memory": Quantity(1 << 30, format: .binarySI)])

    private func build(_ objects: FixedObjects = FixedObjects(), services: [(name: String, value: String)] = [], _ change: (inout Container) -> Void)
        async throws
        -> [String: String]
    {
        let container = Sample.container("app", change)
        let pod = Sample.pod(containers: [container]) {
            $0.metadata.labels = ["app": "web", "quoted": "a\"b"]
            $0.spec.serviceAccountName = "robot"
        }
        let pairs = try await EnvironmentBuilder(
            pod: pod, container: container, node: node, podIPs: ["10.1.0.5"], serviceVariables: services, objects: objects
        ).build()
        return Dictionary(uniqueKeysWithValues: pairs.map { ($0.name, $0.value) })
    }

    private func variable(_ name: String, _ value: String) -> EnvVar {
        EnvVar {
            $0.name = name
            $0.value = value
        }
    }

    private func field(_ name: String, _ path: String) -> EnvVar {
        EnvVar {
            $0.name = name
            $0.valueFrom = EnvVarSource { $0.fieldRef = ObjectFieldSelector { $0.fieldPath = path } }
        }
    }

    @Test func ownValuesMayReferToEarlierOnesAndToServices() async throws {
        let result = try await build(services: [("DB_HOST", "10.0.0.1"), ("A", "service")]) {
            $0.env = [variable("A", "1"), variable("B", "$(A)/$(DB_HOST)/$(LATER)"), variable("LATER", "x")]
        }
        #expect(result == ["A": "1", "B": "1/10.0.0.1/$(LATER)", "LATER": "x", "DB_HOST": "10.0.0.1"])
    }

    @Test(arguments: [
        ("metadata.name", "web"), ("metadata.namespace", "default"), ("metadata.uid", "uid-1"), ("spec.nodeName", "node-1"),
        ("spec.serviceAccountName", "robot"), ("status.hostIP", "192.168.0.1"), ("status.podIP", "10.1.0.5"), ("status.podIPs", "10.1.0.5"),
        ("metadata.labels['app']", "web"), ("metadata.labels['none']", ""), ("metadata.labels", "app=\"web\"\nquoted=\"a\\\"b\""),
    ])
    func fields(path: String, value: String) async throws {
        #expect(try await build { $0.env = [field("X", path)] }["X"] == value)
    }

    @Test(
        arguments: [
            ("limits.cpu", nil, "2"), ("requests.cpu", "1m", "250"), ("requests.cpu", nil, "1"), ("limits.memory", "1Mi", "1024"),
            ("requests.memory", nil, "0"),
        ] as [(String, String?, String)])
    func resources(resource: String, divisor: String?, value: String) async throws {
        let result = try await build {
            $0.resources = ResourceRequirements {
                $0.limits = ["cpu": Quantity(milli: 1500)]
                $0.requests = ["cpu": Quantity(milli: 250)]
            }
            $0.env = [
                EnvVar {
                    $0.name = "X"
                    $0.valueFrom = EnvVarSource {
                        $0.resourceFieldRef = ResourceFieldSelector {
                            $0.resource = resource
                            $0.divisor = divisor.flatMap { Quantity($0) }
                        }
                    }
                }
            ]
        }
        #expect(result["X"] == value)
    }

    @Test func configMapsAndSecrets() async throws {
        let objects = FixedObjects(configMaps: ["cfg": ["k": "v", "B": "cfg"]], secrets: ["s": ["p": "w"]])
        let result = try await build(objects) {
            $0.envFrom = [
                EnvFromSource {
                    $0.prefix = "P_"
                    $0.configMapRef = ConfigMapEnvSource { $0.name = "cfg" }
                },
                EnvFromSource { $0.secretRef = SecretEnvSource { $0.name = "s" } },
                EnvFromSource {
                    $0.configMapRef = ConfigMapEnvSource {
                        $0.name = "none"
                        $0.optional = true
                    }
                },
            ]
            $0.env = [
                EnvVar {
                    $0.name = "P_B"
                    $0.valueFrom = EnvVarSource {
                        $0.secretKeyRef = SecretKeySelector {
                            $0.name = "s"
                            $0.key = "p"
                        }
                    }
                },
                EnvVar {
                    $0.name = "NONE"
                    $0.valueFrom = EnvVarSource {
                        $0.configMapKeyRef = ConfigMapKeySelector {
                            $0.name = "cfg"
                            $0.key = "missing"
                            $0.optional = true
                        }
                    }
                },
            ]
        }
        #expect(result == ["P_k": "v", "P_B": "w", "p": "w"])
    }

    @Test func missingKeysAreNamed() async throws {
        let objects = FixedObjects(configMaps: ["cfg": [:]])
        await #expect {
            try await build(objects) {
                $0.env = [
                    EnvVar {
                        $0.name = "X"
                        $0.valueFrom = EnvVarSource {
                            $0.configMapKeyRef = ConfigMapKeySelector {
                                $0.name = "cfg"
                                $0.key = "missing"
                            }
                        }
                    }
                ]
            }
        } throws: { "\($0)" == "couldn't find key missing in ConfigMap default/cfg" }
    }

    @Test func servicesBecomeVariables() {
        let service = Service {
            $0.metadata.name = "my-db"
            $0.metadata.namespace = "default"
            $0.spec.clusterIP = "10.0.0.7"
            $0.spec.ports = [
                ServicePort {
                    $0.name = "sql"
                    $0.port = 5432
                }
            ]
        }
        let headless = Service {
            $0.metadata.name = "headless"
            $0.metadata.namespace = "default"
            $0.spec.clusterIP = "None"
        }
        let elsewhere = Service {
            $0.metadata.name = "kubernetes"
            $0.metadata.namespace = "default"
            $0.spec.clusterIP = "10.0.0.1"
        }
        let all = ServiceVariables.variables([service, headless, elsewhere], namespace: "default", links: true).map { "\($0.name)=\($0.value)" }
        #expect(
            all.filter { $0.hasPrefix("MY_DB") } == [
                "MY_DB_SERVICE_HOST=10.0.0.7", "MY_DB_SERVICE_PORT=5432", "MY_DB_SERVICE_PORT_SQL=5432", "MY_DB_PORT=tcp://10.0.0.7:5432",
                "MY_DB_PORT_5432_TCP=tcp://10.0.0.7:5432", "MY_DB_PORT_5432_TCP_PROTO=tcp", "MY_DB_PORT_5432_TCP_PORT=5432",
                "MY_DB_PORT_5432_TCP_ADDR=10.0.0.7",
            ])
        let other = ServiceVariables.variables([service, elsewhere], namespace: "other", links: true).map(\.name)
        #expect(other == ["KUBERNETES_SERVICE_HOST"])
        #expect(ServiceVariables.variables([service], namespace: "default", links: false).isEmpty)
    }
}

@Suite struct NetworkFilesTests {
    private let host = ResolverConfiguration.parse("# c\nnameserver 8.8.8.8\nsearch corp.example lan.\noptions rotate\n")

    private func resolve(_ change: (inout Pod) -> Void) -> ResolverConfiguration {
        ResolverConfiguration.forPod(Sample.pod(change), clusterDNS: ["10.96.0.10"], clusterDomain: "cluster.local", host: host)
    }

    @Test func clusterFirst() {
        let result = resolve { _ in }
        #expect(result.servers == ["10.96.0.10"])
        #expect(result.searches == ["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example", "lan"])
        #expect(result.options == ["ndots:5"])
    }

    @Test func otherPolicies() {
        #expect(resolve { $0.spec.dnsPolicy = "Default" } == host)
        #expect(resolve { $0.spec.hostNetwork = true } == host)
        #expect(
            resolve {
                $0.spec.hostNetwork = true
                $0.spec.dnsPolicy = "ClusterFirstWithHostNet"
            }.servers == ["10.96.0.10"])
        let own = resolve {
            $0.spec.dnsPolicy = "None"
            $0.spec.dnsConfig = PodDNSConfig {
                $0.nameservers = ["1.1.1.1"]
                $0.searches = ["own"]
                $0.options = [
                    PodDNSConfigOption {
                        $0.name = "ndots"
                        $0.value = "2"
                    }
                ]
            }
        }
        #expect(own == ResolverConfiguration(servers: ["1.1.1.1"], searches: ["own"], options: ["ndots:2"]))
    }

    @Test func hostsFile() {
        let pod = Sample.pod {
            $0.spec.hostAliases = [
                HostAlias {
                    $0.ip = "1.2.3.4"
                    $0.hostnames = ["a", "b"]
                }
            ]
        }
        let text = HostsFile.content(pod, addresses: ["10.1.0.5"], hostname: "web", domain: "sub.default.svc.cluster.local", hostFile: "")
        #expect(text.hasPrefix("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"))
        #expect(text.contains("10.1.0.5\tweb.sub.default.svc.cluster.local\tweb\n"))
        #expect(text.hasSuffix("# Entries added by HostAliases.\n1.2.3.4\ta\tb\n"))
    }

    @Test func hostnames() {
        func name(_ change: (inout Pod) -> Void) -> String {
            PodHostname.forSandbox(Sample.pod(change), nodeName: "n", clusterDomain: "cluster.local")
        }
        #expect(name { _ in } == "web")
        #expect(name { $0.spec.hostname = "own" } == "own")
        #expect(name { $0.metadata.name = String(repeating: "a", count: 62) + "-bc" } == String(repeating: "a", count: 62))
        #expect(
            name {
                $0.spec.subdomain = "sub"
                $0.spec.setHostnameAsFQDN = true
            } == "web.sub.default.svc.cluster.local")
    }
}
