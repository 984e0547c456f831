import CoreV1

/// The kinds of volumes this node can provide, and their folders' names (upstream's plugin names).
enum VolumeKind: String, Sendable {
    case emptyDir = "kubernetes.io~empty-dir"
    case configMap = "kubernetes.io~configmap"
    case secret = "kubernetes.io~secret"
    case downwardAPI = "kubernetes.io~downward-api"
    case projected = "kubernetes.io~projected"
    case hostPath = "kubernetes.io~host-path"
    case claim = "kubernetes.io~local-volume"

    /// - Throws: `KubeletError` for a kind this node cannot provide.
    init(_ volume: Volume) throws {
        if volume.configMap != nil {
            self = .configMap
        } else if volume.secret != nil {
            self = .secret
        } else if volume.downwardAPI != nil {
            self = .downwardAPI
        } else if volume.projected != nil {
            self = .projected
        } else if volume.hostPath != nil {
            self = .hostPath
        } else if volume.persistentVolumeClaim != nil || volume.ephemeral != nil {
            self = .claim
        } else if volume.emptyDir != nil {
            self = .emptyDir
        } else {
            throw KubeletError(
                "no volume plugin matched: this node provides emptyDir, configMap, secret, downwardAPI, projected and hostPath volumes and claims")
        }
    }

    /// Kept in memory, so that secrets never reach the disk.
    var isInMemory: Bool {
        switch self {
        case .secret, .projected, .downwardAPI: true
        default: false
        }
    }

    /// Made from API data and kept up to date.
    var isRefreshed: Bool {
        switch self {
        case .configMap, .secret, .downwardAPI, .projected: true
        case .emptyDir, .hostPath, .claim: false
        }
    }
}
