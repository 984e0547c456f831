// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

// Products of other packages, by the short names used below.
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHPACK = Target.Dependency.product(name: "NIOHPACK", package: "swift-nio-http2")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let grpc = Target.Dependency.product(name: "GRPCCore", package: "grpc-swift-2")
let grpcTransport = Target.Dependency.product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
let grpcProtobuf = Target.Dependency.product(name: "GRPCProtobuf", package: "grpc-swift-protobuf")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "_CryptoExtras", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// A library target in `Sources/<path or name>`.
func library(_ name: String, path: String? = nil, exclude: [String] = [], _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: path.map { "Sources/\($0)" }, exclude: exclude, swiftSettings: settings)
}

/// Tests of one target, in `Tests/<name>`.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

// API groups with generated types: target name and what it refers to beyond the machinery.
let apiGroups: [(name: String, uses: [String])] = [
    ("CoreV1", []),
    ("AppsV1", ["CoreV1"]),
    ("BatchV1", ["CoreV1"]),
    ("PolicyV1", []),
    ("DiscoveryV1", ["CoreV1"]),
    ("NetworkingV1", ["CoreV1"]),
    ("EventsV1", ["CoreV1"]),
    ("CoordinationV1", []),
    ("RBACV1", []),
    ("AuthenticationV1", []),
    ("AuthorizationV1", []),
    ("CertificatesV1", []),
    ("SchedulingV1", []),
    ("NodeV1", ["CoreV1"]),
    ("StorageV1", ["CoreV1"]),
    ("AutoscalingV1", []),
    ("AutoscalingV2", []),
]

let floor0: [Target] = [
    library("JSON", []),
    .target(name: "CLinux"),
    library("Linux", ["CLinux", "JSON"]),
]

let floor1: [Target] =
    [
        .target(name: "CSchemas", path: "Sources/API/CSchemas", exclude: ["tables"]),
        library("KubernetesAPI", path: "API/KubernetesAPI", ["JSON", "CSchemas"]),
    ]
    + apiGroups.map { group in
        library(group.name, path: "API/\(group.name)", ["JSON", "KubernetesAPI"] + group.uses.map { .byName(name: $0) })
    }

let floor2: [Target] = [
    library("Flags", ["JSON", yams]),
    library("PKI", ["JSON", x509, asn1, crypto, cryptoExtras]),
    library("GRPCSupport", [nio, nioSSL]),
    library(
        "Storage", exclude: ["Protos"], ["GRPCSupport", grdb, sqlite, grpc, grpcTransport, grpcProtobuf, protobuf, nio, crypto, log, lifecycle]),
    library("KeyManagement", exclude: ["Protos"], ["PKI", grpc, grpcTransport, grpcProtobuf, protobuf, crypto]),
    library("VolumeBinding", ["KubernetesAPI", "CoreV1"]),
    library(
        "KubernetesClient",
        [
            "JSON", "KubernetesAPI", "CoreV1", "CoordinationV1", "EventsV1", "PKI", nio, nioPosix, nioSSL, nioHTTP1, nioHTTP2,
            asyncHTTPClient, crypto, yams, log, lifecycle,
        ]),
    library(
        "ContainerRuntime", exclude: ["Protos"],
        ["JSON", "CLinux", "Linux", "GRPCSupport", grpc, grpcTransport, grpcProtobuf, protobuf, nio, nioPosix, crypto, log, lifecycle]),
]

let floor3: [Target] = [
    library(
        "APIServer",
        [
            "JSON", "KubernetesAPI", "CoreV1", "RBACV1", "Flags", "PKI", "KeyManagement", "Storage", "KubernetesClient",
            nio, nioPosix, nioHTTP1, nioHTTP2, nioHPACK, nioTLS, nioSSL, x509, asn1, crypto, yams, log, lifecycle,
        ]),
    library(
        "Scheduler",
        ["JSON", "KubernetesAPI", "CoreV1", "PolicyV1", "SchedulingV1", "StorageV1", "VolumeBinding", "KubernetesClient", log, lifecycle]),
    library(
        "ControllerManager",
        [
            "JSON", "KubernetesAPI", "CoreV1", "AppsV1", "BatchV1", "PolicyV1", "DiscoveryV1", "CoordinationV1", "RBACV1", "CertificatesV1",
            "AuthenticationV1", "AutoscalingV2", "NetworkingV1", "StorageV1", "VolumeBinding", "Flags", "PKI", "KubernetesClient", crypto, log,
            lifecycle,
        ]),
    library(
        "Kubelet",
        [
            "JSON", "KubernetesAPI", "CoreV1", "CoordinationV1", "AuthenticationV1", "AuthorizationV1", "NodeV1", "VolumeBinding", "PKI",
            "KubernetesClient", "ContainerRuntime", "CLinux", "Linux", "Flags",
            nio, nioPosix, nioHTTP1, nioTLS, nioSSL, x509, asyncHTTPClient, crypto, log, lifecycle,
        ]),
    library("KubeProxy", ["JSON", "Linux", "KubernetesAPI", "CoreV1", "DiscoveryV1", "KubernetesClient", nio, nioPosix, nioHTTP1, log, lifecycle]),
    library(
        "LocalStorage", ["KubernetesAPI", "CoreV1", "StorageV1", "VolumeBinding", "KubernetesClient", "Linux", log, lifecycle]),
    library("ClusterDNS", ["JSON", "KubernetesAPI", "CoreV1", "DiscoveryV1", "KubernetesClient", nio, nioPosix, log, lifecycle]),
    library("PodNetwork", ["JSON", "CLinux", "Linux", "KubernetesAPI", "CoreV1", "KubernetesClient", nio, log, lifecycle]),
]

let floor4: [Target] = [
    library(
        "Kubeadm",
        [
            "JSON", "KubernetesAPI", "CoreV1", "Flags", "PKI", "KubernetesClient", "ContainerRuntime", "Linux", crypto, log,
        ]),
    .target(
        name: "Lab", dependencies: ["JSON", "CLinux", "Linux", "ContainerRuntime"], resources: [.embedInCode("Files")], swiftSettings: settings),
    library(
        "Components",
        [
            "JSON", "KubernetesAPI", "CoreV1", "DiscoveryV1", "AuthenticationV1", "AuthorizationV1", "Flags", "PKI", "Storage", "KubernetesClient",
            "ContainerRuntime", "APIServer", "Scheduler", "ControllerManager", "Kubelet", "KubeProxy", "ClusterDNS", "PodNetwork", "Linux",
            nio, nioHTTP1, nioSSL, log, lifecycle, signals,
        ]),
]

let floor5: [Target] = [
    .executableTarget(
        name: "apus",
        dependencies: [
            "JSON", "KubernetesAPI", "CoreV1", "AppsV1", "DiscoveryV1", "StorageV1", "PKI", "Storage", "KubernetesClient", "ContainerRuntime",
            "APIServer", "Scheduler", "LocalStorage", "VolumeBinding",
            "ControllerManager", "Kubelet", "KubeProxy", "ClusterDNS", "PodNetwork", "Components", "Kubeadm", "Lab", "Flags", "CLinux", "Linux", nio,
            nioPosix, nioHTTP1, log, lifecycle,
            signals, arguments,
            asyncHTTPClient, yams, grpc,
        ],
        swiftSettings: settings)
]

// Development tools: not part of what users install.
let tools: [Target] = [
    .executableTarget(name: "generate-api", dependencies: ["JSON", arguments], path: "Tools/generate-api", swiftSettings: settings),
    .executableTarget(
        name: "benchmarks",
        dependencies: [
            "JSON", "KubernetesAPI", "CoreV1", "KubernetesClient", "APIServer", "PKI", "Linux", nio, nioPosix, nioHTTP2, nioHPACK, nioTLS, nioSSL,
            arguments,
        ],
        path: "Benchmarks", swiftSettings: settings),
    // Hands the tasks of a process to one thread.
    .target(name: "TaskHooks", path: "Tests/TaskHooks"),
    .executableTarget(
        name: "simulation",
        dependencies: [
            "TaskHooks", "JSON", "KubernetesAPI", "CoreV1", "CoordinationV1", "PKI", "Storage", "KubernetesClient", "APIServer", "Scheduler",
            "ControllerManager", nio, log, arguments,
        ],
        path: "Tests/Simulation", swiftSettings: settings),
    .executableTarget(name: "store-writer", dependencies: ["Storage", arguments, log], path: "Tools/store-writer", swiftSettings: settings),
]

let testTargets: [Target] = [
    tests("JSONTests", ["JSON"]),
    tests("LinuxTests", ["Linux"]),
    tests("KubernetesAPITests", ["JSON", "KubernetesAPI", "CoreV1", "AppsV1"]),
    // For tests of several targets.
    .target(name: "FreePort", path: "Tests/FreePort", swiftSettings: settings),
    .target(name: "EtcdFixture", dependencies: ["Storage", "Linux", log], path: "Tests/EtcdFixture", swiftSettings: settings),
    tests("StorageTests", ["Storage", "EtcdFixture", "Linux", "store-writer", log]),
    tests("GRPCSupportTests", ["GRPCSupport"]),
    tests("PKITests", ["PKI", "JSON", x509, crypto, cryptoExtras]),
    tests("KeyManagementTests", ["KeyManagement", "PKI", grpc, grpcTransport, grpcProtobuf, protobuf, crypto]),
    tests(
        "KubernetesClientTests",
        [
            "KubernetesClient", "FreePort", "JSON", "KubernetesAPI", "CoreV1", "CoordinationV1", "APIServer", "Storage", "PKI", nio, nioHTTP2,
            nioEmbedded, log,
        ]),
    tests("ContainerRuntimeTests", ["ContainerRuntime", "PodNetwork", "Linux", "JSON", log, protobuf, crypto]),
    tests(
        "APIServerTests",
        [
            "APIServer", "KeyManagement", "Storage", "EtcdFixture", "FreePort", "JSON", "KubernetesAPI", "KubernetesClient", "CoreV1",
            "CoordinationV1", "RBACV1", "PKI",
            nio, nioPosix, nioEmbedded, nioHTTP1, nioSSL, asyncHTTPClient, crypto, cryptoExtras, log, lifecycle,
        ]),
    tests(
        "SchedulerTests",
        [
            "Scheduler", "JSON", "KubernetesAPI", "CoreV1", "PolicyV1", "StorageV1", "VolumeBinding", "PKI", "KubernetesClient", "APIServer",
            "Storage", log,
        ]),
    tests(
        "ControllerManagerTests",
        [
            "ControllerManager", "JSON", "KubernetesAPI", "CoreV1", "AppsV1", "BatchV1", "PolicyV1", "DiscoveryV1", "CertificatesV1", "RBACV1",
            "AutoscalingV2", "NetworkingV1", "StorageV1", "VolumeBinding", "PKI", "KubernetesClient", "APIServer", "Storage", log,
        ]),
    tests(
        "KubeletTests",
        [
            "Kubelet", "FreePort", "JSON", "PKI", "KubernetesAPI", "CoreV1", "VolumeBinding", "KubernetesClient", "ContainerRuntime", "Linux",
            "APIServer", "Storage", log, nio, nioEmbedded, nioHTTP1, nioSSL, nioTLS,
        ]),
    tests("KubeProxyTests", ["KubeProxy", "Linux", "JSON", "KubernetesAPI", "CoreV1", "DiscoveryV1", log]),
    tests("LocalStorageTests", ["LocalStorage", "Linux", "KubernetesAPI", "CoreV1", "StorageV1", "VolumeBinding"]),
    tests("VolumeBindingTests", ["VolumeBinding", "KubernetesAPI", "CoreV1"]),
    tests("ClusterDNSTests", ["ClusterDNS", "JSON", "KubernetesAPI", "CoreV1", "DiscoveryV1", nio]),
    tests("KubeadmTests", ["Kubeadm", "Flags", "JSON", "PKI", "Linux", "KubernetesAPI", "CoreV1", "KubernetesClient", crypto]),
    tests("LabTests", ["Lab", "Linux", "JSON"]),
    tests("FlagsTests", ["Flags", "JSON"]),
    tests(
        "ComponentsTests",
        [
            "Components", "APIServer", "Storage", "FreePort", "Flags", "JSON", "KubernetesClient", "ControllerManager", "Scheduler", "Kubelet", "PKI",
            "Linux", log,
        ]),
    tests("BenchmarksTests", ["benchmarks", nio, nioPosix]),
    tests("PodNetworkTests", ["PodNetwork", "CLinux", "Linux", "JSON", "KubernetesAPI", "CoreV1", log]),
]

let package = Package(
    name: "apus",
    products: [.executable(name: "apus", targets: ["apus"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: floor0 + floor1 + floor2 + floor3 + floor4 + floor5 + tools + testTargets
)
