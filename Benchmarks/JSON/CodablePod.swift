/// The part of a pod that the sample has, in the way of most Swift code. Times and quantities stay strings, which spares Foundation some work.
struct CodablePod: Codable {
    var apiVersion: String
    var kind: String
    var metadata: Metadata
    var spec: Spec
    var status: Status

    struct Metadata: Codable {
        var name: String?
        var generateName: String?
        var namespace: String?
        var uid: String?
        var resourceVersion: String?
        var creationTimestamp: String?
        var labels: [String: String]?
        var annotations: [String: String]?
        var ownerReferences: [OwnerReference]?
        var managedFields: [ManagedFields]?
    }

    struct OwnerReference: Codable {
        var apiVersion: String
        var kind: String
        var name: String
        var uid: String
        var controller: Bool?
        var blockOwnerDeletion: Bool?
    }

    struct ManagedFields: Codable {
        var manager: String?
        var operation: String?
        var apiVersion: String?
        var time: String?
        var fieldsType: String?
        var fieldsV1: FieldSet?
        var subresource: String?
    }

    struct FieldSet: Codable {
        var members: [String: FieldSet]

        init(from decoder: any Decoder) throws { members = try decoder.singleValueContainer().decode([String: FieldSet].self) }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(members)
        }
    }

    struct Spec: Codable {
        var volumes: [Volume]?
        var containers: [Container]
        var restartPolicy: String?
        var terminationGracePeriodSeconds: Int64?
        var dnsPolicy: String?
        var nodeSelector: [String: String]?
        var serviceAccountName: String?
        var serviceAccount: String?
        var nodeName: String?
        var securityContext: SecurityContext?
        var schedulerName: String?
        var tolerations: [Toleration]?
        var priority: Int32?
        var enableServiceLinks: Bool?
        var preemptionPolicy: String?
    }

    struct Volume: Codable {
        var name: String
        var configMap: ConfigMapSource?
        var emptyDir: EmptyDir?
        var projected: Projected?
    }

    struct ConfigMapSource: Codable {
        var name: String?
        var items: [KeyToPath]?
        var defaultMode: Int32?
    }

    struct KeyToPath: Codable {
        var key: String
        var path: String
    }

    struct EmptyDir: Codable {
        var sizeLimit: String?
    }

    struct Projected: Codable {
        var sources: [Source]?
        var defaultMode: Int32?

        struct Source: Codable {
            var serviceAccountToken: Token?
            var configMap: ConfigMapSource?
        }

        struct Token: Codable {
            var expirationSeconds: Int64?
            var path: String
        }
    }

    struct Container: Codable {
        var name: String
        var image: String?
        var args: [String]?
        var ports: [Port]?
        var env: [Variable]?
        var resources: Resources?
        var volumeMounts: [Mount]?
        var livenessProbe: Probe?
        var terminationMessagePath: String?
        var terminationMessagePolicy: String?
        var imagePullPolicy: String?
        var securityContext: SecurityContext?
    }

    struct Port: Codable {
        var name: String?
        var containerPort: Int32
        var `protocol`: String?
    }

    struct Variable: Codable {
        var name: String
        var value: String?
        var valueFrom: Source?

        struct Source: Codable {
            var fieldRef: FieldReference?
        }

        struct FieldReference: Codable {
            var apiVersion: String?
            var fieldPath: String
        }
    }

    struct Resources: Codable {
        var limits: [String: String]?
        var requests: [String: String]?
    }

    struct Mount: Codable {
        var name: String
        var readOnly: Bool?
        var mountPath: String
    }

    struct Probe: Codable {
        var httpGet: Get?
        var initialDelaySeconds: Int32?
        var timeoutSeconds: Int32?
        var periodSeconds: Int32?
        var successThreshold: Int32?
        var failureThreshold: Int32?

        struct Get: Codable {
            var path: String?
            var port: String
            var scheme: String?
        }
    }

    struct SecurityContext: Codable {
        var runAsUser: Int64?
        var fsGroup: Int64?
        var readOnlyRootFilesystem: Bool?
        var allowPrivilegeEscalation: Bool?
    }

    struct Toleration: Codable {
        var key: String?
        var `operator`: String?
        var effect: String?
        var tolerationSeconds: Int64?
    }

    struct Status: Codable {
        var observedGeneration: Int64?
        var phase: String?
        var conditions: [Condition]?
        var hostIP: String?
        var hostIPs: [Address]?
        var podIP: String?
        var podIPs: [Address]?
        var startTime: String?
        var containerStatuses: [ContainerStatus]?
        var qosClass: String?
    }

    struct Address: Codable {
        var ip: String
    }

    struct Condition: Codable {
        var type: String
        var observedGeneration: Int64?
        var status: String
        var lastTransitionTime: String?
    }

    struct ContainerStatus: Codable {
        var name: String
        var state: State?
        var ready: Bool
        var restartCount: Int32
        var image: String
        var imageID: String
        var containerID: String?
        var started: Bool?

        struct State: Codable {
            var running: Running?
        }

        struct Running: Codable {
            var startedAt: String?
        }
    }
}
