/// Keys that documents of this system have all the time and that are too long for Swift to keep inside of a String (more than 15 bytes).
/// Trees share these strings: no allocation when a document is read, and none kept with it. Being literals, they are not even counted.
enum FrequentKeys {
    static let shortestLength = 16

    static let table = JSONKeys(names)

    static let names: [String] = [
        "activeDeadlineSeconds", "allocatedResources", "allowPrivilegeEscalation", "app.kubernetes.io/component", "app.kubernetes.io/instance",
        "app.kubernetes.io/managed-by", "app.kubernetes.io/name", "app.kubernetes.io/part-of", "automountServiceAccountToken", "availableReplicas",
        "blockOwnerDeletion", "clusterTrustBundle", "completedIndexes", "concurrencyPolicy", "containerRuntimeVersion", "containerStatuses",
        "controller-revision-hash", "creationTimestamp", "currentNumberScheduled", "deletionGracePeriodSeconds", "deletionTimestamp",
        "deployment.kubernetes.io/revision", "desiredNumberScheduled", "disruptionsAllowed", "enableServiceLinks", "ephemeral-storage",
        "ephemeralContainerStatuses", "ephemeralContainers", "expirationSeconds", "externalTrafficPolicy", "f:automountServiceAccountToken",
        "f:availableReplicas", "f:containerStatuses", "f:creationTimestamp", "f:enableServiceLinks", "f:failureThreshold", "f:fullyLabeledReplicas",
        "f:holderIdentity", "f:imagePullPolicy", "f:initialDelaySeconds", "f:internalTrafficPolicy", "f:lastHeartbeatTime", "f:lastTransitionTime",
        "f:leaseDurationSeconds", "f:leaseTransitions", "f:observedGeneration", "f:ownerReferences", "f:pod-template-hash",
        "f:progressDeadlineSeconds", "f:readinessProbe", "f:resourceVersion", "f:revisionHistoryLimit", "f:securityContext", "f:serviceAccount",
        "f:serviceAccountName", "f:sessionAffinity", "f:successThreshold", "f:terminationGracePeriodSeconds", "f:terminationMessagePath",
        "f:terminationMessagePolicy", "f:timeoutSeconds", "f:unavailableReplicas", "f:updatedReplicas", "failedJobsHistoryLimit", "failureThreshold",
        "fsGroupChangePolicy", "fullyLabeledReplicas", "gracePeriodSeconds", "healthCheckNodePort", "imagePullSecrets", "ingressClassName",
        "initContainerStatuses", "initialDelaySeconds", "internalTrafficPolicy", "kubeProxyVersion",
        "kubectl.kubernetes.io/last-applied-configuration", "kubernetes.io/arch", "kubernetes.io/hostname", "kubernetes.io/metadata.name",
        "kubernetes.io/os", "lastHeartbeatTime", "lastScheduleTime", "lastSuccessfulTime", "lastTransitionTime", "leaseDurationSeconds",
        "leaseTransitions", "localhostProfile", "matchExpressions", "mountPropagation", "namespaceSelector", "nodeAffinityPolicy",
        "nodeSelectorTerms", "nodeTaintsPolicy", "nominatedNodeName", "numberMisscheduled", "numberUnavailable", "observedGeneration",
        "persistentVolumeClaim", "persistentVolumeClaimRetentionPolicy", "persistentVolumeReclaimPolicy", "pod-template-generation",
        "pod-template-hash", "podManagementPolicy", "podReplacementPolicy", "preemptionPolicy", "preferredDuringSchedulingIgnoredDuringExecution",
        "priorityClassName", "progressDeadlineSeconds", "publishNotReadyAddresses", "readOnlyRootFilesystem", "recursiveReadOnly",
        "remainingItemCount", "reportingComponent", "reportingController", "reportingInstance", "requiredDuringSchedulingIgnoredDuringExecution",
        "resourceFieldRef", "revisionHistoryLimit", "runtimeClassName", "serviceAccountName", "serviceAccountToken", "sessionAffinityConfig",
        "setHostnameAsFQDN", "shareProcessNamespace", "startingDeadlineSeconds", "storageClassName", "successThreshold", "successfulJobsHistoryLimit",
        "supplementalGroups", "terminatingReplicas", "terminationGracePeriodSeconds", "terminationMessagePath", "terminationMessagePolicy",
        "tolerationSeconds", "topologySpreadConstraints", "trafficDistribution", "ttlSecondsAfterFinished", "unavailableReplicas",
        "uncountedTerminatedPods", "updatedNumberScheduled", "volumeAttributes", "volumeClaimTemplates", "whenUnsatisfiable",
    ]
}
