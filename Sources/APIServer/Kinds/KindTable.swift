import KubernetesAPI
import Logging
import Storage

/// What is known of each built-in resource beyond the catalogue: its strategy, and where its objects are kept.
enum KindTable {
    /// By `plural` or `plural.group`. Resources that are not here have no special rules.
    static let strategies: [String: Strategy] = [
        "configmaps": .configMap,
        "endpoints": .endpoints,
        "events": .event,
        "limitranges": .limitRange,
        "namespaces": .namespace,
        "nodes": .node,
        "persistentvolumeclaims": .persistentVolumeClaim,
        "persistentvolumes": .persistentVolume,
        "pods": .pod,
        "podtemplates": .podTemplate,
        "replicationcontrollers": .replicationController,
        "resourcequotas": .resourceQuota,
        "secrets": .secret,
        "serviceaccounts": .serviceAccount,
        "services": .service,
        "controllerrevisions.apps": .controllerRevision,
        "daemonsets.apps": .daemonSet,
        "deployments.apps": .deployment,
        "replicasets.apps": .replicaSet,
        "statefulsets.apps": .statefulSet,
        "cronjobs.batch": .cronJob,
        "jobs.batch": .job,
        "horizontalpodautoscalers.autoscaling": .horizontalPodAutoscaler,
        "certificatesigningrequests.certificates.k8s.io": .certificateSigningRequest,
        "leases.coordination.k8s.io": .lease,
        "endpointslices.discovery.k8s.io": .endpointSlice,
        "ingressclasses.networking.k8s.io": .ingressClass,
        "ingresses.networking.k8s.io": .ingress,
        "ipaddresses.networking.k8s.io": .ipAddress,
        "networkpolicies.networking.k8s.io": .networkPolicy,
        "servicecidrs.networking.k8s.io": .serviceCIDR,
        "runtimeclasses.node.k8s.io": .runtimeClass,
        "poddisruptionbudgets.policy": .podDisruptionBudget,
        "clusterrolebindings.rbac.authorization.k8s.io": .clusterRoleBinding,
        "clusterroles.rbac.authorization.k8s.io": .clusterRole,
        "rolebindings.rbac.authorization.k8s.io": .roleBinding,
        "roles.rbac.authorization.k8s.io": .role,
        "priorityclasses.scheduling.k8s.io": .priorityClass,
        "csidrivers.storage.k8s.io": .csiDriver,
        "storageclasses.storage.k8s.io": .storageClass,
    ]

    /// Where upstream keeps objects under another name than that of the resource.
    private static let prefixes: [String: String] = [
        "services": "services/specs", "endpoints": "services/endpoints", "nodes": "minions", "replicationcontrollers": "controllers",
        "ingresses.networking.k8s.io": "ingress", "apiservices.apiregistration.k8s.io": "apiregistration.k8s.io/apiservices",
        "customresourcedefinitions.apiextensions.k8s.io": "apiextensions.k8s.io/customresourcedefinitions",
    ]

    /// Resources of which one and the same object is served in two groups: the other group's, by the one that is stored.
    private static let aliases: [String: String] = ["events.events.k8s.io": "events"]

    /// The version that is stored, where it is not `v1`.
    private static let storedVersions: [String: String] = ["horizontalpodautoscalers.autoscaling": "v2"]

    private static let conversions: [String: VersionConversion] = [
        "events.k8s.io/v1/events": EventView.conversion, "autoscaling/v1/horizontalpodautoscalers": AutoscalerView.conversion,
    ]

    /// What selectors ask for so often that an index pays.
    private static let indexes: [String: [WatchCacheIndex]] = [
        "pods": [.field("spec.nodeName", at: ["spec", "nodeName"])]
    ]

    /// Where the objects of each resource are kept; longer prefixes first.
    static func storagePrefixes(_ catalog: ResourceCatalog) -> [(prefix: String, group: String, plural: String)] {
        var places: [String: (prefix: String, group: String, plural: String)] = [:]
        for resource in catalog.resources where isServed(resource.type) && aliases[name(resource.type)] == nil {
            places[name(resource.type)] = (prefix(of: resource.type), resource.type.group, resource.type.plural)
        }
        return places.values.sorted { ($1.prefix.utf8.count, $0.prefix) < ($0.prefix.utf8.count, $1.prefix) }
    }

    private static func prefix(of type: ResourceType) -> String { "/registry/" + (prefixes[name(type)] ?? type.plural) + "/" }

    static func name(_ type: ResourceType) -> String { type.group.isEmpty ? type.plural : "\(type.plural).\(type.group)" }

    /// Whether a version is served: stable ones are, as with upstream.
    static func isServed(_ type: ResourceType) -> Bool { !type.version.contains("alpha") && !type.version.contains("beta") }

    static func build(
        catalog: ResourceCatalog, store: any Store, logger: Logger
    ) -> (served: [ServedResource], storages: [String: ObjectStorage]) {
        // Only what can be listed is kept; reviews and bindings are answered elsewhere.
        let kept = catalog.resources.filter { isServed($0.type) && $0.verbs.contains("list") && $0.type.plural != "componentstatuses" }
        var storages: [String: ObjectStorage] = [:]
        for resource in kept {
            let name = name(resource.type)
            guard aliases[name] == nil, storages[name] == nil, resource.type.version == storedVersions[name] ?? "v1" else { continue }
            let prefix = prefix(of: resource.type)
            var configuration = WatchCache.Configuration()
            configuration.indexes = indexes[name] ?? []
            let cache = WatchCache(
                scope: ResourceScope(
                    prefix: prefix, namespaced: resource.type.namespaced, apiVersion: resource.type.apiVersion, kind: resource.type.kind),
                store: store, configuration: configuration, logger: logger)
            var strategy = strategies[name] ?? Strategy()
            if strategies[name] == nil {
                if resource.subresource("status") == nil { strategy.emptyStatus = nil }
                let wants = ["spec", "webhooks"].filter { resource.schema?.field($0) != nil }
                strategy.generation = wants.map { [$0] }
            }
            storages[name] = ObjectStorage(type: resource.type, strategy: strategy, cache: cache)
        }
        let served = kept.compactMap { resource -> ServedResource? in
            let name = name(resource.type)
            guard let storage = storages[aliases[name] ?? name] else { return nil }
            let isStored = storage.type.group == resource.type.group && storage.type.version == resource.type.version
            let conversion = conversions["\(resource.type.apiVersion)/\(resource.type.plural)"]
            guard isStored || conversion != nil else { return nil }
            return ServedResource(
                type: resource.type, shortNames: resource.shortNames, categories: resource.categories, verbs: resource.verbs,
                subresources: resource.subresources.map(\.name), storage: storage, conversion: isStored ? nil : conversion,
                schema: resource.schema, storedFieldLabels: name == "events.events.k8s.io" ? EventView.selectableFields : [:])
        }
        return (served, storages)
    }
}
