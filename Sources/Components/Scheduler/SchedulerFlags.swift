package import Flags

/// The scheduler's flags and the fields of `KubeSchedulerConfiguration` (kubescheduler.config.k8s.io/v1).
package enum SchedulerFlags {
    package static let table = FlagTable(
        program: "kube-scheduler", summary: "The scheduler: finds a node for every pod that has none.", text: text)

    package static let apiVersion = "kubescheduler.config.k8s.io/v1"
    package static let kind = "KubeSchedulerConfiguration"

    private static let text = """
        [Misc]
          config                        string   -      -   file with a KubeSchedulerConfiguration; flags win over it
        ! write-config-to               string   -      -   write the settings in use to this file and quit
          master                        string   -      -   the API server's URL; wins over the kubeconfig's
          kubeconfig                    string   -      clientConnection.kubeconfig kubeconfig by which the API server is reached; inside a pod its service account if not given
        ~ kube-api-burst                int      100    clientConnection.burst requests are limited by the API server
        ~ kube-api-content-type         string   application/vnd.kubernetes.protobuf clientConnection.contentType requests are JSON
        ~ kube-api-qps                  float    50     clientConnection.qps requests are limited by the API server
        ~ -                             string   -      clientConnection.acceptContentTypes answers are JSON
        ~ pod-max-in-unschedulable-pods-duration duration 5m - pods that fit nowhere are tried again when something changes
        ~ feature-gates                 map      -      -   features are as in their final form
        \(SharedFlags.versions)
        ~ profiling                     bool     true   enableProfiling there are no profiles of Go programs
        ~ contention-profiling          bool     true   enableContentionProfiling there are no profiles of Go programs
        \(SharedFlags.metrics)
        ~ -                             int      16     parallelism one pod is decided about at a time
          -                             int      0      percentageOfNodesToScore the share of nodes that is looked at; 0 by the cluster's size
        ~ -                             int      1      podInitialBackoffSeconds the first pause is one second
        ~ -                             int      10     podMaxBackoffSeconds the longest pause is ten seconds
        ~ -                             bool     false  delayCacheUntilActive the cache follows the API all the time
          -                             tree     -      profiles one profile, with a schedulerName
        ! -                             tree     -      extenders extenders
        [Leader election]
          leader-elect                  bool     true   leaderElection.leaderElect work only while holding the lease
          leader-elect-lease-duration   duration 15s    leaderElection.leaseDuration how long others wait for a leader that is silent
          leader-elect-renew-deadline   duration 10s    leaderElection.renewDeadline how long a leader tries to renew before it gives up
          leader-elect-retry-period     duration 2s     leaderElection.retryPeriod the pause between tries
          leader-elect-resource-lock    string   leases leaderElection.resourceLock only leases
          leader-elect-resource-name    string   kube-scheduler leaderElection.resourceName the lease's name
          leader-elect-resource-namespace string kube-system leaderElection.resourceNamespace the lease's namespace
        [Secure serving]
          bind-address                  ip       0.0.0.0 -  where to listen
          secure-port                   int      10259  -   the port of health and metrics; 0 for none
        \(SharedFlags.ownCertificate)
        \(SharedFlags.connections)
        ~ -                             string   -      healthzBindAddress health is served on --secure-port
        ~ -                             string   -      metricsBindAddress metrics are served on --secure-port
        [Authentication and authorization]
        ~ authentication-tolerate-lookup-failure bool true - nothing is looked up
        \(SharedFlags.delegation)
        """
}
