/// Labels and annotations by which containers and sandboxes are found again, in this life or a later one. Names as upstream's.
enum RuntimeLabels {
    static let podName = "io.kubernetes.pod.name"
    static let podNamespace = "io.kubernetes.pod.namespace"
    static let podUID = "io.kubernetes.pod.uid"
    static let containerName = "io.kubernetes.container.name"
}

enum RuntimeAnnotations {
    static let containerHash = "io.kubernetes.container.hash"
    static let restartCount = "io.kubernetes.container.restartCount"
    static let terminationMessagePath = "io.kubernetes.container.terminationMessagePath"
    static let terminationMessagePolicy = "io.kubernetes.container.terminationMessagePolicy"
    static let preStopHandler = "io.kubernetes.container.preStopHandler"
    static let ports = "io.kubernetes.container.ports"
    static let podDeletionGracePeriod = "io.kubernetes.pod.deletionGracePeriod"
    static let podTerminationGracePeriod = "io.kubernetes.pod.terminationGracePeriod"
}
