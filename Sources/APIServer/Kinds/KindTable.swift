import KubernetesAPI
import Logging
import Storage

/// What is known of each built-in resource beyond the catalogue: its strategy, and where its objects are kept.
enum KindTable {
    /// By `plural` or `plural.group`. Resources that are not here have no special rules.
    static let strategies: [String: Strategy] = [
        "componentstatuses": .componentStatus,
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
        "mutatingadmissionpolicies.admissionregistration.k8s.io": .mutatingAdmissionPolicy,
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io": .mutatingAdmissionPolicyBinding,
        "mutatingwebhookconfigurations.admissionregistration.k8s.io": .mutatingWebhookConfiguration,
        "validatingadmissionpolicies.admissionregistration.k8s.io": .validatingAdmissionPolicy,
        "validatingadmissionpolicybindings.admissionregistration.k8s.io": .validatingAdmissionPolicyBinding,
        "validatingwebhookconfigurations.admissionregistration.k8s.io": .validatingWebhookConfiguration,
        "apiservices.apiregistration.k8s.io": .apiService,
        "customresourcedefinitions.apiextensions.k8s.io": .customResourceDefinition,
        "controllerrevisions.apps": .controllerRevision,
        "daemonsets.apps": .daemonSet,
        "deployments.apps": .deployment,
        "replicasets.apps": .replicaSet,
        "statefulsets.apps": .statefulSet,
        "cronjobs.batch": .cronJob,
        "jobs.batch": .job,
        "horizontalpodautoscalers.autoscaling": .horizontalPodAutoscaler,
        "certificatesigningrequests.certificates.k8s.io": .certificateSigningRequest,
        "podcertificaterequests.certificates.k8s.io": .podCertificateRequest,
        "leases.coordination.k8s.io": .lease,
        "endpointslices.discovery.k8s.io": .endpointSlice,
        "flowschemas.flowcontrol.apiserver.k8s.io": .flowSchema,
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": .priorityLevelConfiguration,
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
        "deviceclasses.resource.k8s.io": .deviceClass,
        "resourceclaims.resource.k8s.io": .resourceClaim,
        "resourceclaimtemplates.resource.k8s.io": .resourceClaimTemplate,
        "resourceslices.resource.k8s.io": .resourceSlice,
        "priorityclasses.scheduling.k8s.io": .priorityClass,
        "csidrivers.storage.k8s.io": .csiDriver,
        "csinodes.storage.k8s.io": .csiNode,
        "csistoragecapacities.storage.k8s.io": .csiStorageCapacity,
        "storageclasses.storage.k8s.io": .storageClass,
        "volumeattachments.storage.k8s.io": .volumeAttachment,
        "volumeattributesclasses.storage.k8s.io": .volumeAttributesClass,
    ]

    /// Unless the server is told otherwise.
    static let eventTimeToLive: Duration = .seconds(3600)

    /// Where upstream keeps objects under another name than that of the resource.
    private static let prefixes: [String: String] = [
        "services": "services/specs", "endpoints": "services/endpoints", "nodes": "minions", "replicationcontrollers": "controllers",
        "ingresses.networking.k8s.io": "ingress", "apiservices.apiregistration.k8s.io": "apiregistration.k8s.io/apiservices",
        "customresourcedefinitions.apiextensions.k8s.io": "apiextensions.k8s.io/customresourcedefinitions",
    ]

    /// Resources of which one and the same object is served in two groups: the other group's, by the one that is stored.
    private static let aliases: [String: String] = ["events.events.k8s.io": "events"]

    /// The version that is stored: the most stable, and then the newest that there is.
    private static func storedVersions(_ catalog: ResourceCatalog) -> [String: String] {
        catalog.resources.reduce(into: [:]) { versions, resource in
            let name = name(resource.type)
            if versions[name].map({ VersionOrder($0) < VersionOrder(resource.type.version) }) ?? true { versions[name] = resource.type.version }
        }
    }

    /// How versions that differ from the stored one in more than their name become it. Where a kind has changed nothing but its version, none is needed.
    private static let conversions: [String: VersionConversion] = [
        "events.k8s.io/v1/events": EventView.conversion, "autoscaling/v1/horizontalpodautoscalers": AutoscalerView.conversion,
        "resource.k8s.io/v1beta1/resourceclaims": ResourceView.claim,
        "resource.k8s.io/v1beta1/resourceclaimtemplates": ResourceView.claimTemplate,
        "resource.k8s.io/v1beta1/resourceslices": ResourceView.slice,
    ]

    private static let deprecations: [String: String] = [
        "componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
        "endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ]

    /// What selectors ask for so often that an index pays.
    private static let indexes: [String: [WatchCacheIndex]] = [
        "pods": [.field("spec.nodeName", at: ["spec", "nodeName"])]
    ]

    /// Where the objects of each resource are kept; longer prefixes first.
    static func storagePrefixes(_ catalog: ResourceCatalog) -> [(prefix: String, group: String, plural: String)] {
        var places: [String: (prefix: String, group: String, plural: String)] = [:]
        for resource in catalog.resources where resource.verbs.contains("list") && aliases[name(resource.type)] == nil {
            places[name(resource.type)] = (prefix(of: resource.type), resource.type.group, resource.type.plural)
        }
        return places.values.sorted { ($1.prefix.utf8.count, $0.prefix) < ($0.prefix.utf8.count, $1.prefix) }
    }

    private static func prefix(of type: ResourceType) -> String { "/registry/" + (prefixes[name(type)] ?? type.plural) + "/" }

    static func name(_ type: ResourceType) -> String { type.group.isEmpty ? type.plural : "\(type.plural).\(type.group)" }

    /// - Parameters:
    ///   - catalog: all that there is; the version in which a kind is stored does not hang on what is served.
    ///   - served: what is served.
    ///   - eventTimeToLive: how long events are kept; zero: for ever.
    static func build(
        catalog: ResourceCatalog, served: ServedVersions, store: any Store, eventTimeToLive: Duration, clock: ServerClock, logger: Logger
    ) -> (served: [ServedResource], storages: [String: ObjectStorage]) {
        // Only what can be listed is kept; reviews and bindings are answered elsewhere.
        let known = catalog.resources.filter { $0.verbs.contains("list") }
        let kept = known.filter { served.serves($0.type) }
        let names = Set(kept.map { name($0.type) })
        let storedVersions = storedVersions(catalog)
        var storages: [String: ObjectStorage] = [:]
        for resource in known {
            let name = name(resource.type)
            guard aliases[name] == nil, resource.type.version == storedVersions[name], names.contains(name) else { continue }
            let prefix = prefix(of: resource.type)
            var configuration = WatchCache.Configuration()
            configuration.indexes = indexes[name] ?? []
            let cache = WatchCache(
                scope: ResourceScope(
                    prefix: prefix, namespaced: resource.type.namespaced, apiVersion: resource.type.apiVersion, kind: resource.type.kind),
                store: store, configuration: configuration, clock: clock, logger: logger)
            var strategy = strategies[name] ?? Strategy()
            if strategies[name] == nil {
                if resource.subresource("status") == nil { strategy.emptyStatus = nil }
                let wants = ["spec", "webhooks"].filter { resource.schema?.field($0) != nil }
                strategy.generation = wants.map { [$0] }
            }
            if name == "events", eventTimeToLive > .zero { strategy.timeToLive = eventTimeToLive }
            storages[name] = ObjectStorage(type: resource.type, strategy: strategy, cache: cache)
        }
        let served = kept.compactMap { resource -> ServedResource? in
            let name = name(resource.type)
            guard let storage = storages[aliases[name] ?? name] else { return nil }
            let isStored = storage.type.group == resource.type.group && storage.type.version == resource.type.version
            let conversion =
                conversions["\(resource.type.apiVersion)/\(resource.type.plural)"]
                ?? .renaming(resource.type.apiVersion, stored: storage.type.apiVersion)
            return ServedResource(
                type: resource.type, shortNames: resource.shortNames, categories: resource.categories, verbs: resource.verbs,
                subresources: resource.subresources.map(\.name), storage: storage, conversion: isStored ? nil : conversion,
                schema: resource.schema, deprecation: deprecations[name].map { "299 - \(goQuoted($0))" },
                storedFieldLabels: name == "events.events.k8s.io" ? EventView.selectableFields : [:])
        }
        return (served, storages)
    }
}
