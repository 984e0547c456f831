/// Keys that documents of this system have all the time. Trees share these strings: those that are too long for Swift to keep inside of a String
/// (more than 15 bytes) are not allocated when a document is read, and none is kept with it; being literals, they are not even counted. Those that are
/// short are found in half the time that making them takes.
enum FrequentKeys {
    static let table = JSONKeys(names)

    static let names: [String] = short + long

    private static let short: [String] = [
        "annotations", "apiVersion", "args", "capacity", "command", "component", "conditions", "configMap", "containerID", "containerPort",
        "containers", "controller", "count", "cpu", "data", "defaultMode", "dnsPolicy", "downwardAPI", "effect", "emptyDir", "env", "exec",
        "fieldPath", "fieldRef", "finalizers", "firstTimestamp", "generateName", "generation", "host", "hostIP", "hostIPs", "httpGet", "image",
        "imageID", "imagePullPolicy", "initContainers", "involvedObject", "ip", "items", "key", "kind", "labels", "lastProbeTime", "lastState",
        "lastTimestamp", "limits", "livenessProbe", "managedFields", "manager", "matchLabels", "memory", "message", "metadata", "mode", "mountPath",
        "name", "namespace", "nodeName", "nodeSelector", "operation", "operator", "optional", "ownerReferences", "path", "periodSeconds", "phase",
        "podIP", "podIPs", "policy", "port", "ports", "priority", "projected", "protocol", "qosClass", "readOnly", "readinessProbe", "ready",
        "reason",
        "replicas", "requests", "resources", "resourceVersion", "restartCount", "restartPolicy", "running", "scheme", "schedulerName", "secret",
        "secretKeyRef", "selector", "serviceAccount", "securityContext", "source", "sources", "spec", "started", "startedAt", "startTime", "state",
        "status", "strategy", "subresource", "targetPort", "taints", "template", "time", "timeoutSeconds", "tolerations", "type", "uid", "value",
        "valueFrom", "values", "volumeMounts", "volumes", "waiting",
    ]

    private static let long: [String] = [
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
