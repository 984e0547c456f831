package import Flags

/// The controller manager's flags.
package enum ControllerManagerFlags {
    package static let table = FlagTable(
        program: "kube-controller-manager", summary: "The controllers: move the cluster from what is towards what should be.",
        text: text)

    private static let text = """
        [Generic]
          kubeconfig                    string   -      -   kubeconfig by which the API server is reached; inside a pod its service account if not given
          master                        string   -      -   the API server's URL; wins over the kubeconfig's
          controllers                   list     *      -   which controllers to run: * for all that run by default, name to run one, -name not to
        ~ allow-untagged-cloud          bool     false  -   cloud providers run as components of their own
          cloud-provider                string   -      -   external: load balancers come from the cloud's own component, and service-lb-controller runs only when it is named
        ~ cloud-config                  string   -      -   cloud providers run as components of their own
        ~ cluster-name                  string   kubernetes - only cloud providers ask for it
        ~ configure-cloud-routes        bool     true   -   cloud providers run as components of their own
        ~ external-cloud-volume-plugin  string   -      -   cloud providers run as components of their own
        ~ cidr-allocator-type           string   RangeAllocator - ranges are given out here
        ~ controller-start-interval     duration 0s     -   all controllers start at once
        ~ enable-dynamic-provisioning   bool     true   -   provisioners run as components of their own
        ~ enable-garbage-collector      bool     true   -   --controllers=-garbage-collector-controller turns it off
          feature-gates                 map      -      -   LegacyServiceAccountTokenNoAutoGeneration=false makes a secret with a token for every service account, as before 1.24; PodCertificateRequest=true deletes old requests for certificates of pods; other features are as in their final form
        \(SharedFlags.versions)
        ~ kube-api-burst                int      30     -   requests are limited by the API server
        ~ kube-api-content-type         string   application/vnd.kubernetes.protobuf - requests are JSON
        ~ kube-api-qps                  float    20     -   requests are limited by the API server
        ~ min-resync-period             duration 12h    -   informers keep up by watching
        ~ node-monitor-period           duration 5s     -   nodes are looked at when they change or fall silent
        ~ route-reconciliation-period   duration 10s    -   cloud providers run as components of their own
          use-service-account-credentials bool   true   -   each controller works under a service account of its own, with its rights alone
        ~ disable-force-detach-on-timeout bool   false  -   volumes are not detached by force
        ~ disable-attach-detach-reconcile-sync bool false - volumes are not attached here
        ~ attach-detach-reconcile-sync-period duration 1m - volumes are not attached here
        ~ attach-detach-reconcile-max-wait-unmount-duration duration 6m - volumes are not attached here
        ~ profiling                     bool     true   -   there are no profiles of Go programs
        ~ contention-profiling          bool     false  -   there are no profiles of Go programs
        \(SharedFlags.metrics)
        [Leader election]
          leader-elect                  bool     true   -   work only while holding the lease
          leader-elect-lease-duration   duration 15s    -   how long others wait for a leader that is silent
          leader-elect-renew-deadline   duration 10s    -   how long a leader tries to renew before it gives up
          leader-elect-retry-period     duration 2s     -   the pause between tries
          leader-elect-resource-lock    string   leases -   only leases
          leader-elect-resource-name    string   kube-controller-manager - the lease's name
          leader-elect-resource-namespace string kube-system - the lease's namespace
        ~ enable-leader-migration       bool     false  -   there is nobody to migrate from
        ~ leader-migration-config       string   -      -   there is nobody to migrate from
        [Secure serving]
          bind-address                  ip       0.0.0.0 -  where to listen
          secure-port                   int      10257  -   the port of health and metrics; 0 for none
        \(SharedFlags.ownCertificate)
        \(SharedFlags.connections)
        [Authentication and authorization]
        ~ authentication-tolerate-lookup-failure bool false - it is looked up until it is found
        \(SharedFlags.delegation)
        [Cluster]
          allocate-node-cidrs           bool     false  -   give every node a range of pod addresses
          cluster-cidr                  string   -      -   the range of pod addresses
          node-cidr-mask-size           int      0      -   the prefix of a node's range; 24 if not given
          node-cidr-mask-size-ipv4      int      0      -   the same for IPv4
        ~ node-cidr-mask-size-ipv6      int      0      -   pods have IPv4 addresses
        ~ service-cluster-ip-range      string   -      -   ranges of services and of nodes do not meet
          root-ca-file                  string   -      -   the authority that pods are told of
          service-account-private-key-file string -     -   what tokens that stand in secrets are signed with; without it nobody fills such secrets
          cluster-signing-cert-file     string   -      -   the authority that signs certificate requests; without it nobody does here
          cluster-signing-key-file      string   -      -   its key
          cluster-signing-duration      duration 8760h  -   the longest life of a certificate that is signed here
        ! cluster-signing-kubelet-serving-cert-file string - - an authority for one signer; give --cluster-signing-cert-file
        ! cluster-signing-kubelet-serving-key-file string - - an authority for one signer; give --cluster-signing-key-file
        ! cluster-signing-kubelet-client-cert-file string - - an authority for one signer; give --cluster-signing-cert-file
        ! cluster-signing-kubelet-client-key-file string - - an authority for one signer; give --cluster-signing-key-file
        ! cluster-signing-kube-apiserver-client-cert-file string - - an authority for one signer; give --cluster-signing-cert-file
        ! cluster-signing-kube-apiserver-client-key-file string - - an authority for one signer; give --cluster-signing-key-file
        ! cluster-signing-legacy-unknown-cert-file string - - an authority for one signer; give --cluster-signing-cert-file
        ! cluster-signing-legacy-unknown-key-file string - - an authority for one signer; give --cluster-signing-key-file
          terminated-pod-gc-threshold   int      12500  -   how many pods that have ended are kept
        [Controllers]
          node-monitor-grace-period     duration 50s    -   after how long a silence a node counts as lost
        ~ node-startup-grace-period     duration 1m     -   a node that starts counts as lost after --node-monitor-grace-period, too
        ~ node-eviction-rate            float    0.1    -   pods go when their tolerations end
        ~ secondary-node-eviction-rate  float    0.01   -   pods go when their tolerations end
        ~ large-cluster-size-threshold  int      50     -   pods go when their tolerations end
        ~ unhealthy-zone-threshold      float    0.55   -   pods go when their tolerations end
        ~ concurrent-cron-job-syncs     int      5      -   the number of workers is fixed
        ~ concurrent-daemonset-syncs    int      2      -   the number of workers is fixed
        ~ concurrent-deployment-syncs   int      5      -   the number of workers is fixed
        ~ concurrent-device-taint-eviction-syncs int 8  -   the number of workers is fixed
        ~ concurrent-endpoint-syncs     int      5      -   the number of workers is fixed
        ~ concurrent-ephemeralvolume-syncs int   5      -   the number of workers is fixed
        ~ concurrent-gc-syncs           int      20     -   the number of workers is fixed
        ~ concurrent-horizontal-pod-autoscaler-syncs int 5 - the number of workers is fixed
        ~ concurrent-job-syncs          int      5      -   the number of workers is fixed
        ~ concurrent-namespace-syncs    int      10     -   the number of workers is fixed
        ~ concurrent-rc-syncs           int      5      -   the number of workers is fixed
        ~ concurrent-replicaset-syncs   int      5      -   the number of workers is fixed
        ~ concurrent-resource-quota-syncs int    5      -   the number of workers is fixed
        ~ concurrent-resourceclaim-syncs int     50     -   the number of workers is fixed
        ~ concurrent-service-endpoint-syncs int  5      -   the number of workers is fixed
        ~ concurrent-service-syncs      int      1      -   the number of workers is fixed
        ~ concurrent-serviceaccount-token-syncs int 5   -   the number of workers is fixed
        ~ concurrent-statefulset-syncs  int      5      -   the number of workers is fixed
        ~ concurrent-ttl-after-finished-syncs int 5     -   the number of workers is fixed
        ~ concurrent-validating-admission-policy-status-syncs int 5 - the number of workers is fixed
        ~ endpoint-updates-batch-period duration 0s     -   changes are written at once
        ~ endpointslice-updates-batch-period duration 0s -  changes are written at once
        ~ max-endpoints-per-slice       int      100    -   a slice has at most 100 endpoints
        ~ mirroring-concurrent-service-endpoint-syncs int 5 - the number of workers is fixed
        ~ mirroring-endpointslice-updates-batch-period duration 0s - changes are written at once
        ~ mirroring-max-endpoints-per-subset int 1000   -   slices are not mirrored
          horizontal-pod-autoscaler-cpu-initialization-period duration 5m - how long the use of CPU by a pod that starts may mislead
          horizontal-pod-autoscaler-downscale-stabilization duration 5m - for how long the highest recommendation holds
          horizontal-pod-autoscaler-initial-readiness-delay duration 30s - how long after its start a pod that is not ready counts as never having been
          horizontal-pod-autoscaler-sync-period duration 15s - the pause between two looks at the metrics
          horizontal-pod-autoscaler-tolerance float 0.1 - how far a metric may be from its target before anything happens
        ~ legacy-service-account-token-clean-up-period duration 8760h - no such tokens are made
        ~ namespace-sync-period         duration 5m     -   namespaces are looked at when they change
        ~ resource-quota-sync-period    duration 5m     -   quotas are looked at when something changes
        ~ pvclaimbinder-sync-period     duration 15s    -   claims are looked at when they change
        ~ pv-recycler-increment-timeout-nfs int  30     -   volumes are not recycled
        ~ pv-recycler-minimum-timeout-hostpath int 60   -   volumes are not recycled
        ~ pv-recycler-minimum-timeout-nfs int    300    -   volumes are not recycled
        ~ pv-recycler-pod-template-filepath-hostpath string - - volumes are not recycled
        ~ pv-recycler-pod-template-filepath-nfs string - -  volumes are not recycled
        ~ pv-recycler-timeout-increment-hostpath int 30 -   volumes are not recycled
        ~ enable-hostpath-provisioner   bool     false  -   provisioners run as components of their own
        ~ flex-volume-plugin-dir        string   /usr/libexec/kubernetes/kubelet-plugins/volume/exec/ - there are no flex volumes
        """
}
