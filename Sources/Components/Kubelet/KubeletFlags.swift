package import Flags

/// The kubelet's flags and the fields of `KubeletConfiguration` (kubelet.config.k8s.io/v1beta1).
package enum KubeletFlags {
    package static let table = FlagTable(
        program: "kubelet", summary: "The node agent: registers this machine as a node of a cluster and runs the pods that are bound to it.",
        text: text)

    package static let apiVersion = "kubelet.config.k8s.io/v1beta1"
    package static let kind = "KubeletConfiguration"

    private static let text = """
        [Kubelet]
          config                        string   -      -                      file with a KubeletConfiguration; flags win over it
        ! config-dir                    string   -      -                      folder of further configuration files
          kubeconfig                    string   -      -                      kubeconfig by which the API server is reached; without it only static pods run
          bootstrap-kubeconfig          string   -      -                      kubeconfig by which a client certificate is asked for when --kubeconfig does not exist yet
          cert-dir                      string   /var/lib/kubelet/pki -        folder of the certificates that the kubelet makes or is given
          root-dir                      string   /var/lib/kubelet -            folder of pods, volumes and the kubelet's own state
          hostname-override             string   -      -                      the node's name, where it is not the machine's host name
          node-ip                       string   -      -                      the node's address; two, separated by a comma, for two families
          node-labels                   map      -      -                      labels given to the node when it registers
          register-node                 bool     true   registerNode           register the node with the API server
          register-with-taints          list     -      -                      taints given to the node when it registers: key=value:effect
          provider-id                   string   -      providerID             the machine's id at its provider
          container-runtime-endpoint    string   unix:///run/containerd/containerd.sock containerRuntimeEndpoint socket of the container runtime
          image-service-endpoint        string   -      imageServiceEndpoint   socket of the image service; must be that of the runtime
          pod-manifest-path             string   -      staticPodPath          folder of static pods' manifests
        ! manifest-url                  string   -      staticPodURL           static pods from a URL
        ! manifest-url-header           list     -      -                      static pods from a URL
          file-check-frequency          duration 20s    fileCheckFrequency     how often the folder of static pods is looked at, besides being watched
        ~ http-check-frequency          duration 20s    httpCheckFrequency     static pods from a URL are not supported
          sync-frequency                duration 1m     syncFrequency          how often pods are looked at without a reason
          volume-stats-agg-period       duration 1m     volumeStatsAggPeriod   how often the use of volumes is measured
        ~ cloud-provider                string   -      -                      cloud providers run as components of their own
        ~ cloud-config                  string   -      -                      cloud providers run as components of their own
        ! image-credential-provider-config  string -    -                      credential providers
        ! image-credential-provider-bin-dir string -    -                      credential providers
        ! lock-file                     string   -      -                      a lock file
        ~ exit-on-lock-contention       bool     false  -                      no lock file is used
        ~ housekeeping-interval         duration 10s    -                      cgroups are read when they are asked for
          max-pods                      int      110    maxPods                how many pods the node takes
        ~ pods-per-core                 int      0      podsPerCore            only --max-pods limits the number of pods
          pod-max-pids                  int      -1     podPidsLimit           processes a pod may have; -1 for no limit
          pod-cidr                      string   -      podCIDR                not used by runtimes that speak the CRI
          cluster-dns                   list     -      clusterDNS             addresses of the cluster's DNS
          cluster-domain                string   -      clusterDomain          the domain of the cluster's names
          resolv-conf                   string   /etc/resolv.conf resolvConf   resolver settings that pods get besides the cluster's
          seccomp-default               bool     false  seccompDefault         RuntimeDefault for containers that name no seccomp profile
          enforce-node-allocatable      list     pods   enforceNodeAllocatable what is limited to the node's allocatable resources
          serialize-image-pulls         bool     true   serializeImagePulls    pull one image at a time
          max-parallel-image-pulls      int      0      maxParallelImagePulls  images pulled at the same time
          registry-qps                  int      5      registryPullQPS        pulls per second; 0 for no limit
        ~ registry-burst                int      10     registryBurst          pulls are limited by their number alone
        ~ event-qps                     int      50     eventRecordQPS         events are collected before they are sent
        ~ event-burst                   int      100    eventBurst             events are collected before they are sent
        ~ kube-api-qps                  int      50     kubeAPIQPS             requests are limited by the API server
        ~ kube-api-burst                int      100    kubeAPIBurst           requests are limited by the API server
        ~ kube-api-content-type         string   application/vnd.kubernetes.protobuf contentType requests are JSON
          container-log-max-size        string   10Mi   containerLogMaxSize    when a container's log is put aside
          container-log-max-files       int      5      containerLogMaxFiles   logs kept of one container
        ~ -                             int      1      containerLogMaxWorkers logs are put aside one after the other
        ~ -                             duration 10s    containerLogMonitorInterval logs are looked at every ten seconds
        ~ enable-debugging-handlers     bool     true   enableDebuggingHandlers logs, exec and port forwarding are always served to who may use them
        ~ enable-controller-attach-detach bool   true   enableControllerAttachDetach volumes are attached by controllers
          runtime-request-timeout       duration 2m     runtimeRequestTimeout  how long the runtime may take to answer
          streaming-connection-idle-timeout duration 4h streamingConnectionIdleTimeout how long an exec or port forward may be silent
          node-status-max-images        int      50     nodeStatusMaxImages    images named in the node's status
          node-status-update-frequency  duration 10s    nodeStatusUpdateFrequency how often the node's status is looked at
          -                             duration 5m     nodeStatusReportFrequency how often an unchanged status is written
          -                             int      40     nodeLeaseDurationSeconds the life of the node's lease
          pod-infra-container-image     string   -      -                      used by the runtime alone
        ~ minimum-image-ttl-duration    duration 2m     imageMinimumGCAge      images are not collected yet
        ~ -                             duration 0s     imageMaximumGCAge      images are not collected yet
        ~ image-gc-high-threshold       int      85     imageGCHighThresholdPercent images are not collected yet
        ~ image-gc-low-threshold        int      80     imageGCLowThresholdPercent images are not collected yet
        ~ minimum-container-ttl-duration duration 0s    -                      containers go with their pods
        ~ maximum-dead-containers       int      -1     -                      containers go with their pods
        ~ maximum-dead-containers-per-container int 1   -                      containers go with their pods
        ~ allowed-unsafe-sysctls        list     -      allowedUnsafeSysctls   pods with other sysctls are not refused yet
        ~ volume-plugin-dir             string   /usr/libexec/kubernetes/kubelet-plugins/volume/exec/ volumePluginDir there are no flex volumes
          feature-gates                 map      -      featureGates           features with names; see the log for those without effect
        ~ runtime-cgroups               string   -      -                      only for statistics
        ~ -                             duration 0s     nodeLeaseRenewInterval the lease is renewed each quarter of its life
        [Server]
          address                       ip       0.0.0.0 address               where the HTTPS server listens
          port                          int      10250  port                   the port of the HTTPS server
        ! read-only-port                int      0      readOnlyPort           a port without authentication
          healthz-bind-address          ip       127.0.0.1 healthzBindAddress  where /healthz is served without TLS
          healthz-port                  int      10248  healthzPort            the port of /healthz; 0 for none
          tls-cert-file                 string   -      tlsCertFile            serving certificate; one is made in --cert-dir if not given
          tls-private-key-file          string   -      tlsPrivateKeyFile      its key
        ~ tls-cipher-suites             list     -      tlsCipherSuites        only suites that are safe are offered
          tls-min-version               string   VersionTLS12 tlsMinVersion    VersionTLS12 or VersionTLS13
        ~ tls-curve-preferences         list     -      tlsCurvePreferences    only curves that are safe are offered
          rotate-certificates           bool     false  rotateCertificates     ask for a new client certificate before the old one expires
          rotate-server-certificates    bool     false  serverTLSBootstrap     ask the API server for the serving certificate, and for a new one before it expires
          client-ca-file                string   -      authentication.x509.clientCAFile whose client certificates count
          anonymous-auth                bool     false  authentication.anonymous.enabled let in requests without identity
          authentication-token-webhook  bool     true   authentication.webhook.enabled ask the API server about bearer tokens
          authentication-token-webhook-cache-ttl duration 2m authentication.webhook.cacheTTL how long its answers count
          authorization-mode            string   Webhook authorization.mode AlwaysAllow, or Webhook: ask the API server
          authorization-webhook-cache-authorized-ttl duration 5m authorization.webhook.cacheAuthorizedTTL how long a yes counts
          authorization-webhook-cache-unauthorized-ttl duration 30s authorization.webhook.cacheUnauthorizedTTL how long a no counts
        ~ -                             bool     true   enableProfilingHandler there are no profiles of Go programs
        ~ -                             bool     false  enableDebugFlagsHandler the log level is set at the start
        ~ -                             bool     true   enableSystemLogHandler logs of the system are not served
        ~ -                             bool     false  enableSystemLogQuery   logs of the system are not served
        ~ contention-profiling          bool     false  enableContentionProfiling there are no profiles of Go programs
        [Cgroups]
          cgroup-driver                 string   cgroupfs cgroupDriver         cgroupfs or systemd
          cgroup-root                   string   /      cgroupRoot             the cgroup under which those of pods are made
          cgroups-per-qos               bool     true   cgroupsPerQOS          a cgroup for each quality of service
        ~ kubelet-cgroups               string   -      kubeletCgroups         the kubelet stays in the cgroup it was started in
        ~ system-cgroups                string   -      systemCgroups          other processes stay where they are
          cpu-cfs-quota                 bool     true   cpuCFSQuota            hold containers to their CPU limits
          cpu-cfs-quota-period          duration 100ms  cpuCFSQuotaPeriod      the period of CPU limits
        ! cpu-manager-policy            string   none   cpuManagerPolicy       processors for single containers
        ~ cpu-manager-policy-options    map      -      cpuManagerPolicyOptions processors are shared
        ~ cpu-manager-reconcile-period  duration 10s    cpuManagerReconcilePeriod processors are shared
        ! topology-manager-policy       string   none   topologyManagerPolicy  placement by NUMA node
        ~ topology-manager-policy-options map    -      topologyManagerPolicyOptions there is no placement by NUMA node
        ~ topology-manager-scope        string   container topologyManagerScope there is no placement by NUMA node
        ! memory-manager-policy         string   None   memoryManagerPolicy    memory of single NUMA nodes
        ~ reserved-memory               list     -      -                      there is no placement by NUMA node
        ~ -                             tree     -      reservedMemory         there is no placement by NUMA node
        ~ -                             bool     false  failCgroupV1           both versions of cgroups are used
        ~ reserved-cpus                 string   -      reservedSystemCPUs     processors are shared
          system-reserved               map      -      systemReserved         resources kept for the system
          kube-reserved                 map      -      kubeReserved           resources kept for the kubelet and the runtime
        ~ system-reserved-cgroup        string   -      systemReservedCgroup   reserved resources are not limited
        ~ kube-reserved-cgroup          string   -      kubeReservedCgroup     reserved resources are not limited
        ~ qos-reserved                  map      -      qosReserved            memory is not reserved by quality of service
        ~ oom-score-adj                 int      -999   oomScoreAdj            the score that the service manager gives is kept
        ~ max-open-files                int      1000000 maxOpenFiles          the limit that the service manager gives is kept
        ~ protect-kernel-defaults       bool     false  protectKernelDefaults  kernel settings are not changed
        ~ make-iptables-util-chains     bool     true   makeIPTablesUtilChains no iptables chains are made
        ~ iptables-masquerade-bit       int      14     -                      no iptables chains are made
        ~ iptables-drop-bit             int      15     -                      no iptables chains are made
        ~ hairpin-mode                  string   promiscuous-bridge hairpinMode the pod network sees to it
          fail-swap-on                  bool     true   failSwapOn             refuse to start while swap is on
        ~ -                             string   NoSwap memorySwap.swapBehavior pods use no swap
        ~ local-storage-capacity-isolation bool  true   localStorageCapacityIsolation the use of ephemeral storage is not limited
        [Eviction]
          eviction-hard                 map      imagefs.available<15%,memory.available<100Mi,nodefs.available<10% evictionHard when pods are evicted at once
        ~ eviction-soft                 map      -      evictionSoft           only hard thresholds are kept
        ~ eviction-soft-grace-period    map      -      evictionSoftGracePeriod only hard thresholds are kept
        ~ eviction-minimum-reclaim      map      -      evictionMinimumReclaim only hard thresholds are kept
        ~ eviction-pressure-transition-period duration 5m evictionPressureTransitionPeriod only hard thresholds are kept
        ~ eviction-max-pod-grace-period int      0      evictionMaxPodGracePeriod only hard thresholds are kept
        ~ -                             bool     false  mergeDefaultEvictionSettings thresholds that are not given keep their defaults
        ~ kernel-memcg-notification     bool     false  kernelMemcgNotification memory is measured
        ~ -                             duration 0s     shutdownGracePeriod    a shutdown of the machine is not delayed
        ~ -                             duration 0s     shutdownGracePeriodCriticalPods a shutdown of the machine is not delayed
        ~ -                             tree     -      shutdownGracePeriodByPodPriority a shutdown of the machine is not delayed
          -                             tree     -      registerWithTaints     taints given to the node when it registers
          -                             duration 5m     crashLoopBackOff.maxContainerRestartPeriod the longest pause before a restart
          -                             string   text   logging.format         only text is written
          -                             int      0      logging.verbosity      how much to log
        ~ -                             tree     -      logging.options        lines are written at once
        ~ -                             tree     -      logging.flushFrequency lines are written at once
        ~ -                             tree     -      logging.vmodule        verbosity of single Go files
        ~ -                             tree     -      tracing                no traces are sent
          -                             string   /var/log/pods podLogsDir      folder of containers' logs
          -                             bool     true   enableServer           serve HTTPS
        ~ -                             bool     true   enableProfiling        there are no profiles of Go programs
        ~ -                             list     -      showHiddenMetricsForVersion there are no hidden metrics
        ~ -                             string   -      imagePullCredentialsVerificationPolicy credentials are asked for at each pull
        ~ -                             list     -      preloadedImagesVerificationAllowlist credentials are asked for at each pull
        ~ -                             tree     -      userNamespaces         the ranges of user namespaces are the kernel's
        ~ -                             bool     false  singleProcessOOMKill   a container ends as a whole where the kernel can
        ~ -                             string   Watch  configMapAndSecretChangeDetectionStrategy they are read when they are needed
        """
}
