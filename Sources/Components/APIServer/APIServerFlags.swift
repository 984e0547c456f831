package import Flags

/// The API server's flags.
package enum APIServerFlags {
    package static let table = FlagTable(
        program: "kube-apiserver", summary: "The API server: keeps the cluster's objects and answers everybody who asks for them.", text: text)

    private static let text: StaticString = """
        [Generic]
          advertise-address             ip       -      -   the address at which others reach this server; that of --bind-address or of the default route if not given
        ! cors-allowed-origins          list     -      -   cross-origin requests
        ~ default-not-ready-toleration-seconds int 300  -   the admission plugin's value is 300
        ~ default-unreachable-toleration-seconds int 300 -  the admission plugin's value is 300
        ~ enable-priority-and-fairness  bool     true   -   requests are not queued by priority
        ~ external-hostname             string   -      -   the advertised address is used
        ~ feature-gates                 map      -      -   features are as in their final form
        ~ emulated-version              list     -      -   only 1.36 is served
        ~ emulation-forward-compatible  bool     false  -   only 1.36 is served
        ~ min-compatibility-version     list     -      -   only 1.36 is served
        ~ runtime-config-emulation-forward-compatible bool false - only 1.36 is served
        ~ goaway-chance                 float    0      -   connections are not moved
        ~ livez-grace-period            duration 0s     -   a server that is starting is alive
        ~ max-mutating-requests-inflight int     200    -   requests are not limited by number
        ~ max-requests-inflight         int      400    -   requests are not limited by number
        ~ min-request-timeout           int      1800   -   watches end when their clients end them
        ~ request-timeout               duration 1m     -   requests are answered as fast as they can be
        ~ shutdown-delay-duration       duration 0s     -   the server stops when it is told to
        ~ shutdown-send-retry-after     bool     false  -   the server stops when it is told to
        ~ shutdown-watch-termination-grace-period duration 0s - the server stops when it is told to
        ~ strict-transport-security-directives list -  -    not sent
        ~ delete-collection-workers     int      1      -   collections are deleted by one worker
        ~ enable-garbage-collector      bool     true   -   the controller manager collects garbage
        ~ watch-cache                   bool     true   -   everything is served from the watch cache
        ~ watch-cache-sizes             list     -      -   the watch cache holds everything
        ~ default-watch-cache-size      int      100    -   the watch cache holds everything
        ~ storage-initialization-timeout duration 1m    -   the server waits for its store
        ~ peer-advertise-ip             string   -      -   there is one API server
        ~ peer-advertise-port           string   -      -   there is one API server
        ~ peer-ca-file                  string   -      -   there is one API server
        ~ peer-bind-address             string   -      -   there is one API server
        ! runtime-config                map      -      -   switching API groups on and off
        [Storage]
          storage-backend               string   sqlite -   sqlite: the embedded store, a file of this server; etcd3 is not supported
          sqlite-data-dir               string   /var/lib/kube-apiserver -  the folder of the embedded store
        ! etcd-servers                  list     -      -   the store is embedded: leave --etcd-servers out, --sqlite-data-dir says where the data are
        ~ etcd-cafile                   string   -      -   the store is embedded
        ~ etcd-certfile                 string   -      -   the store is embedded
        ~ etcd-keyfile                  string   -      -   the store is embedded
        ~ etcd-prefix                   string   /registry - the store is embedded
        ~ etcd-compaction-interval      duration 5m     -   the store is embedded
        ~ etcd-count-metric-poll-period duration 1m     -   the store is embedded
        ~ etcd-db-metric-poll-interval  duration 30s    -   the store is embedded
        ~ etcd-healthcheck-timeout      duration 2s     -   the store is embedded
        ~ etcd-readycheck-timeout       duration 2s     -   the store is embedded
        ~ etcd-servers-overrides        list     -      -   the store is embedded
        ~ lease-reuse-duration-seconds  int      60     -   the store is embedded
        ~ storage-media-type            string   application/vnd.kubernetes.protobuf -  objects are stored as JSON
        ! encryption-provider-config    string   -      -   encryption of stored objects
        ~ encryption-provider-config-automatic-reload bool false - see --encryption-provider-config
        [Secure serving]
          bind-address                  ip       0.0.0.0 -  where to listen
          secure-port                   int      6443   -   the port of HTTPS
          tls-cert-file                 string   -      -   serving certificate with its chain; made in --cert-dir if not given
          tls-private-key-file          string   -      -   its key
          cert-dir                      string   /var/run/kubernetes - where a certificate is made if none is given
        ! tls-sni-cert-key              list     -      -   certificates by host name
        ~ tls-cipher-suites             list     -      -   only suites that are safe are offered
          tls-min-version               string   VersionTLS12 - VersionTLS12 or VersionTLS13
        ~ tls-curve-preferences         list     -      -   only curves that are safe are offered
        ~ http2-max-streams-per-connection int   0      -   the limit is 250
        ~ permit-address-sharing        bool     false  -   SO_REUSEADDR is always set
        ~ permit-port-sharing           bool     false  -   SO_REUSEPORT is not set
        ~ disable-http2-serving         bool     false  -   HTTP/2 is offered
        [Authentication]
          client-ca-file                string   -      -   whose client certificates count
          anonymous-auth                bool     true   -   let in requests without identity, as system:anonymous
          enable-bootstrap-token-auth   bool     false  -   let in bootstrap tokens: Secrets of that type in kube-system
          api-audiences                 list     -      -   for whom service account tokens are; the issuer if not given
          service-account-issuer        string   https://kubernetes.default.svc.cluster.local -  who makes service account tokens
          service-account-key-file      string   -      -   keys whose tokens count, besides that of --service-account-signing-key-file
          service-account-signing-key-file string -     -   the private key that signs service account tokens
        ~ service-account-jwks-uri      string   -      -   the keys are served under the advertised address
        ~ service-account-lookup        bool     true   -   it is always checked that the account exists
        ~ service-account-max-token-expiration duration 0s - tokens live as long as they are asked to
        ~ service-account-extend-token-expiration bool true - tokens live as long as they are asked to
        ! service-account-signing-endpoint string -     -   signing by another process
        ~ requestheader-client-ca-file  string   -      -   no proxies in front are trusted
        ~ requestheader-allowed-names   list     -      -   no proxies in front are trusted
        ~ requestheader-username-headers list    -      -   no proxies in front are trusted
        ~ requestheader-group-headers   list     -      -   no proxies in front are trusted
        ~ requestheader-extra-headers-prefix list -     -   no proxies in front are trusted
        ~ requestheader-uid-headers     list     -      -   no proxies in front are trusted
        ! authentication-config         string   -      -   an authentication configuration file
        ! authentication-token-webhook-config-file string - - bearer tokens judged by a webhook
        ~ authentication-token-webhook-cache-ttl duration 2m - no webhook is asked
        ~ authentication-token-webhook-version string v1beta1 - no webhook is asked
        ! token-auth-file               string   -      -   tokens in a file
        ! oidc-issuer-url               string   -      -   OpenID Connect
        ! oidc-client-id                string   -      -   OpenID Connect
        ! oidc-ca-file                  string   -      -   OpenID Connect
        ~ oidc-groups-claim             string   -      -   see --oidc-issuer-url
        ~ oidc-groups-prefix            string   -      -   see --oidc-issuer-url
        ~ oidc-required-claim           map      -      -   see --oidc-issuer-url
        ~ oidc-signing-algs             list     RS256  -   see --oidc-issuer-url
        ~ oidc-username-claim           string   sub    -   see --oidc-issuer-url
        ~ oidc-username-prefix          string   -      -   see --oidc-issuer-url
        [Authorization]
          authorization-mode            list     Node,RBAC -  Node and RBAC, in any order
        ! authorization-config          string   -      -   an authorization configuration file
        ! authorization-policy-file     string   -      -   ABAC
        ! authorization-webhook-config-file string -    -   a webhook that authorizes
        ~ authorization-webhook-cache-authorized-ttl duration 5m - no webhook is asked
        ~ authorization-webhook-cache-unauthorized-ttl duration 30s - no webhook is asked
        ~ authorization-webhook-version string   v1beta1 -  no webhook is asked
        [Admission]
          enable-admission-plugins      list     -      -   plugins to run besides those that always run
          disable-admission-plugins     list     -      -   plugins not to run
        ! admission-control-config-file string   -      -   settings of admission plugins
        [Auditing]
        ! audit-policy-file             string   -      -   audit
        ! audit-log-path                string   -      -   audit
        ! audit-webhook-config-file     string   -      -   audit
        ~ audit-log-batch-buffer-size   int      10000  -   see --audit-log-path
        ~ audit-log-batch-max-size      int      1      -   see --audit-log-path
        ~ audit-log-batch-max-wait      duration 0s     -   see --audit-log-path
        ~ audit-log-batch-throttle-burst int     0      -   see --audit-log-path
        ~ audit-log-batch-throttle-enable bool   false  -   see --audit-log-path
        ~ audit-log-batch-throttle-qps  float    0      -   see --audit-log-path
        ~ audit-log-compress            bool     false  -   see --audit-log-path
        ~ audit-log-format              string   json   -   see --audit-log-path
        ~ audit-log-maxage              int      366    -   see --audit-log-path
        ~ audit-log-maxbackup           int      100    -   see --audit-log-path
        ~ audit-log-maxsize             int      100    -   see --audit-log-path
        ~ audit-log-mode                string   blocking - see --audit-log-path
        ~ audit-log-truncate-enabled    bool     false  -   see --audit-log-path
        ~ audit-log-truncate-max-batch-size int  10485760 - see --audit-log-path
        ~ audit-log-truncate-max-event-size int  102400 -   see --audit-log-path
        ~ audit-log-version             string   audit.k8s.io/v1 - see --audit-log-path
        ~ audit-webhook-batch-buffer-size int    10000  -   see --audit-webhook-config-file
        ~ audit-webhook-batch-max-size  int      400    -   see --audit-webhook-config-file
        ~ audit-webhook-batch-max-wait  duration 30s    -   see --audit-webhook-config-file
        ~ audit-webhook-batch-throttle-burst int 15     -   see --audit-webhook-config-file
        ~ audit-webhook-batch-throttle-enable bool true -   see --audit-webhook-config-file
        ~ audit-webhook-batch-throttle-qps float 10     -   see --audit-webhook-config-file
        ~ audit-webhook-initial-backoff duration 10s    -   see --audit-webhook-config-file
        ~ audit-webhook-mode            string   batch  -   see --audit-webhook-config-file
        ~ audit-webhook-truncate-enabled bool    false  -   see --audit-webhook-config-file
        ~ audit-webhook-truncate-max-batch-size int 10485760 - see --audit-webhook-config-file
        ~ audit-webhook-truncate-max-event-size int 102400 - see --audit-webhook-config-file
        ~ audit-webhook-version         string   audit.k8s.io/v1 - see --audit-webhook-config-file
        [Cluster]
          service-cluster-ip-range      string   10.0.0.0/24 - the range of service addresses
          service-node-port-range       string   30000-32767 - the range of node ports
        ~ kubernetes-service-node-port  int      0      -   the service kubernetes has no node port
          kubelet-certificate-authority string   -      -   who signed kubelets' certificates
          kubelet-client-certificate    string   -      -   certificate shown to kubelets
          kubelet-client-key            string   -      -   its key
        ~ kubelet-preferred-address-types list   Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP - kubelets are reached by their internal address
        ~ kubelet-timeout               duration 5s     -   kubelets are given ten seconds to answer
        ~ proxy-client-cert-file        string   -      -   there are no aggregated APIs
        ~ proxy-client-key-file         string   -      -   there are no aggregated APIs
        ~ enable-aggregator-routing     bool     false  -   there are no aggregated APIs
        ~ aggregator-reject-forwarding-redirect bool true - there are no aggregated APIs
        ! egress-selector-config-file   string   -      -   egress through proxies
        ~ allow-privileged              bool     true   -   privileged containers are allowed
        ~ apiserver-count               int      1      -   there is one API server
        ~ endpoint-reconciler-type      string   lease  -   there is one API server
        ~ event-ttl                     duration 1h     -   events live an hour
        ~ enable-logs-handler           bool     false  -   logs are not served
        ~ max-connection-bytes-per-sec  int      0      -   connections are not limited
        ~ coordinated-leadership-lease-duration duration 15s - leaders elect themselves
        ~ coordinated-leadership-renew-deadline duration 10s - leaders elect themselves
        ~ coordinated-leadership-retry-period duration 2s - leaders elect themselves
        ~ profiling                     bool     true   -   there are no profiles of Go programs
        ~ contention-profiling          bool     false  -   there are no profiles of Go programs
        ~ debug-socket-path             string   -      -   there are no profiles of Go programs
        ~ allow-metric-labels           map      -      -   labels are as they are
        ~ allow-metric-labels-manifest  string   -      -   labels are as they are
        ~ disabled-metrics              list     -      -   no metrics are left out
        ~ show-hidden-metrics-for-version string -      -   there are no hidden metrics
        ~ tracing-config-file           string   -      -   no traces are sent
        """
}
