package import Flags

/// The proxy's flags and the fields of `KubeProxyConfiguration` (kubeproxy.config.k8s.io/v1alpha1).
package enum KubeProxyFlags {
    package static let table = FlagTable(
        program: "kube-proxy", summary: "The service proxy of a node: sends traffic for services to their pods, by nftables rules.", text: text)

    package static let apiVersion = "kubeproxy.config.k8s.io/v1alpha1"
    package static let kind = "KubeProxyConfiguration"

    private static let text = """
        [Kube-proxy]
          config                        string   -      -   file with a KubeProxyConfiguration; flags win over it
        ! write-config-to               string   -      -   write the settings in use to this file and quit
          kubeconfig                    string   -      clientConnection.kubeconfig kubeconfig by which the API server is reached; inside a pod its service account if not given
          master                        string   -      -   the API server's URL; wins over the kubeconfig's
          hostname-override             string   -      hostnameOverride the node's name, where it is not the machine's host name
          cluster-cidr                  string   -      clusterCIDR the range of pod addresses; traffic from elsewhere to services is masqueraded
          bind-address                  ip       0.0.0.0 bindAddress the node's own address; 0.0.0.0 to find it
        ~ bind-address-hard-fail        bool     false  bindAddressHardFail a port that is taken is a warning
          proxy-mode                    string   nftables mode nftables; other modes of upstream come to the same
          healthz-bind-address          endpoint 0.0.0.0:10256 healthzBindAddress where /healthz is served
          metrics-bind-address          endpoint 127.0.0.1:10249 metricsBindAddress where /metrics is served
          nodeport-addresses            list     -      nodePortAddresses ranges of addresses that have node ports; the node's own if not given
          cleanup                       bool     false  -   remove the rules and quit
        ~ init-only                     bool     false  -   nothing has to be prepared
        ~ config-sync-period            duration 15m    configSyncPeriod informers keep up by watching
        ~ kube-api-burst                int      10     clientConnection.burst requests are limited by the API server
        ~ kube-api-content-type         string   application/vnd.kubernetes.protobuf clientConnection.contentType requests are JSON
        ~ kube-api-qps                  float    5      clientConnection.qps requests are limited by the API server
        ~ -                             string   -      clientConnection.acceptContentTypes answers are JSON
        ~ feature-gates                 map      -      featureGates features are as in their final form
        ~ profiling                     bool     false  enableProfiling there are no profiles of Go programs
        ~ show-hidden-metrics-for-version string -      showHiddenMetricsForVersion there are no hidden metrics
        ~ detect-local-mode             string   -      detectLocalMode pods are known by --cluster-cidr
        ~ pod-bridge-interface          string   -      detectLocal.bridgeInterface pods are known by --cluster-cidr
        ~ pod-interface-name-prefix     string   -      detectLocal.interfaceNamePrefix pods are known by --cluster-cidr
        ~ oom-score-adj                 int      -999   oomScoreAdj the score that the service manager gives is kept
        ~ conntrack-max-per-core        int      32768  conntrack.maxPerCore the kernel's limit is kept
        ~ conntrack-min                 int      131072 conntrack.min the kernel's limit is kept
        ~ conntrack-tcp-be-liberal      bool     false  conntrack.tcpBeLiberal the kernel's setting is kept
        ~ conntrack-tcp-timeout-close-wait duration 1h  conntrack.tcpCloseWaitTimeout the kernel's setting is kept
        ~ conntrack-tcp-timeout-established duration 24h conntrack.tcpEstablishedTimeout the kernel's setting is kept
        ~ conntrack-udp-timeout         duration 0s     conntrack.udpTimeout the kernel's setting is kept
        ~ conntrack-udp-timeout-stream  duration 0s     conntrack.udpStreamTimeout the kernel's setting is kept
        ~ -                             duration 0s     udpIdleTimeout the kernel's setting is kept
        ~ -                             tree     -      logging the verbosity is set by -v
        ~ -                             tree     -      winkernel for Windows
        ~ -                             string   -      portRange no ports are opened
        ~ -                             string   0s     windowsRunAsService for Windows
        [Nftables]
          nftables-min-sync-period      duration 1s     nftables.minSyncPeriod changes that come closer together are applied together
          nftables-sync-period          duration 30s    nftables.syncPeriod how often the rules are looked after
        ~ nftables-masquerade-all       bool     false  nftables.masqueradeAll only what needs it is masqueraded
        ~ nftables-masquerade-bit       int      14     nftables.masqueradeBit the mark is fixed
        [Other modes]
        ~ iptables-localhost-nodeports  bool     true   iptables.localhostNodePorts rules are nftables
        ~ iptables-masquerade-bit       int      14     iptables.masqueradeBit rules are nftables
        ~ iptables-min-sync-period      duration 1s     iptables.minSyncPeriod rules are nftables
        ~ iptables-sync-period          duration 30s    iptables.syncPeriod rules are nftables
        ~ masquerade-all                bool     false  iptables.masqueradeAll rules are nftables
        ~ ipvs-exclude-cidrs            list     -      ipvs.excludeCIDRs rules are nftables
        ~ ipvs-min-sync-period          duration 1s     ipvs.minSyncPeriod rules are nftables
        ~ ipvs-scheduler                string   -      ipvs.scheduler rules are nftables
        ~ ipvs-strict-arp               bool     false  ipvs.strictARP rules are nftables
        ~ ipvs-sync-period              duration 30s    ipvs.syncPeriod rules are nftables
        ~ ipvs-tcp-timeout              duration 0s     ipvs.tcpTimeout rules are nftables
        ~ ipvs-tcpfin-timeout           duration 0s     ipvs.tcpFinTimeout rules are nftables
        ~ ipvs-udp-timeout              duration 0s     ipvs.udpTimeout rules are nftables
        """
}
