package import Flags

/// The API server's flags.
package enum APIServerFlags {
    package static let table = FlagTable(
        program: "kube-apiserver", summary: "The API server: keeps the cluster's objects and answers everybody who asks for them.", text: text)

    private static let text = """
        [Generic]
          advertise-address             ip       -      -   the address at which others reach this server; that of --bind-address or of the default route if not given
        ! cors-allowed-origins          list     -      -   cross-origin requests
          default-not-ready-toleration-seconds int 300  -   for how long pods that do not say stay on a node that is not ready
          default-unreachable-toleration-seconds int 300 -  the same for a node that is out of reach
          enable-priority-and-fairness  bool     true   -   divide the server among users by FlowSchemas and PriorityLevelConfigurations; else only count
        ~ external-hostname             string   -      -   the advertised address is used
        ~ feature-gates                 map      -      -   features are as in their final form
        \(SharedFlags.versions)
        ~ runtime-config-emulation-forward-compatible bool false - only 1.36 is served
        ~ goaway-chance                 float    0      -   connections are not moved
        ~ livez-grace-period            duration 0s     -   a server that is starting is alive
          max-mutating-requests-inflight int     200    -   writes served at a time; with priority and fairness both numbers are one pool
          max-requests-inflight         int      400    -   reads served at a time
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
        ~ peer-advertise-ip             string   -      -   all API servers serve the same
        ~ peer-advertise-port           string   -      -   all API servers serve the same
        ~ peer-ca-file                  string   -      -   all API servers serve the same
        ~ peer-bind-address             string   -      -   all API servers serve the same
          runtime-config                map      -      -   versions and resources to serve or not: api/all, api/ga, api/beta, api/alpha, v1, group/version, group/version/resource, each =true or =false
        [Storage]
          storage-backend               string   -      -   sqlite: the embedded store, a file of this server; etcd3; the latter if --etcd-servers is given
          sqlite-data-dir               string   /var/lib/kube-apiserver -  the folder of the embedded store
          etcd-servers                  list     -      -   etcd's members: https://host:port, http://host:port, unix:///path; without any the store is embedded
          etcd-cafile                   string   -      -   who may vouch for etcd's members; the machine's authorities if not given
          etcd-certfile                 string   -      -   certificate shown to etcd, taken in anew when it changes
          etcd-keyfile                  string   -      -   its key
          etcd-prefix                   string   /registry - what keys in etcd begin with
          etcd-compaction-interval      duration 5m     -   how often the store's history is shortened to that interval; 0: never
        ~ etcd-count-metric-poll-period duration 1m     -   objects are counted in memory, when they are asked for
        ~ etcd-db-metric-poll-interval  duration 30s    -   the database's size is among etcd's own metrics
          etcd-healthcheck-timeout      duration 2s     -   how long etcd has to answer /livez
          etcd-readycheck-timeout       duration 2s     -   how long etcd has to answer /readyz
        ! etcd-servers-overrides        list     -      -   all resources share one store, and its one count of versions
          event-ttl                     duration 1h     -   how long events are kept; 0: for ever
          lease-reuse-duration-seconds  int      60     -   how much longer than asked for a key may live, so that keys share etcd's leases
        ~ storage-media-type            string   application/vnd.kubernetes.protobuf -  objects are stored as JSON
          encryption-provider-config    string   -      -   which resources are stored encrypted, and how (EncryptionConfiguration)
          encryption-provider-config-automatic-reload bool false - take the file in anew when it changes
        [Secure serving]
          bind-address                  ip       0.0.0.0 -  where to listen
          secure-port                   int      6443   -   the port of HTTPS
          tls-cert-file                 string   -      -   serving certificate with its chain; made in --cert-dir if not given
          tls-private-key-file          string   -      -   its key
          cert-dir                      string   /var/run/kubernetes - where a certificate is made if none is given
        \(SharedFlags.connections)
        [Authentication]
          client-ca-file                string   -      -   whose client certificates count; taken in anew when it changes
          anonymous-auth                bool     true   -   let in requests without identity, as system:anonymous
          enable-bootstrap-token-auth   bool     false  -   let in bootstrap tokens: Secrets of that type in kube-system
          token-auth-file               string   -      -   tokens that count, one a line: token,user,uid,"group1,group2"
          requestheader-client-ca-file  string   -      -   whose certificates proxies in front show, which say whom they speak for; never that of clients
          requestheader-allowed-names   list     -      -   common names of those proxies; all that the authority has signed if not given
          requestheader-username-headers list    X-Remote-User - the headers that name the user
          requestheader-uid-headers     list     -      -   the headers that name the user's uid
          requestheader-group-headers   list     X-Remote-Group - the headers that name the user's groups
          requestheader-extra-headers-prefix list X-Remote-Extra- - what headers with more about the user begin with
          authentication-config         string   -      -   whose JSON Web Tokens count (AuthenticationConfiguration); instead of --oidc-...
          authentication-token-webhook-config-file string - - kubeconfig of a server that judges bearer tokens
          authentication-token-webhook-cache-ttl duration 2m - how long its answers count
          authentication-token-webhook-version string v1beta1 - the version of TokenReview that it is sent: v1 or v1beta1
          oidc-issuer-url               string   -      -   an OpenID Connect issuer whose tokens count; begins with https://
          oidc-client-id                string   -      -   whom its tokens must be meant for
          oidc-ca-file                  string   -      -   who may vouch for its server; the machine's authorities if not given
          oidc-username-claim           string   sub    -   the claim that names the user
          oidc-username-prefix          string   -      -   what stands before the name; - for nothing; the issuer and # if not given
          oidc-groups-claim             string   -      -   the claim that names the user's groups
          oidc-groups-prefix            string   -      -   what stands before groups
          oidc-required-claim           map      -      -   claims that must be there with these values
          oidc-signing-algs             list     RS256  -   signature algorithms that count
          api-audiences                 list     -      -   for whom service account tokens are; the issuer if not given
          service-account-issuer        list     https://kubernetes.default.svc.cluster.local -  who makes service account tokens; further ones are former ones that still count
          service-account-key-file      list     -      -   keys whose tokens count, besides that of --service-account-signing-key-file
          service-account-signing-key-file string -     -   the private key that signs service account tokens
          service-account-jwks-uri      string   -      -   where others find the keys; under the advertised address if not given
          service-account-max-token-expiration duration 0s - the longest life of a token: at least an hour; 0: as long as it is asked for
        ~ service-account-lookup        bool     true   -   it is always checked that the account exists
        ~ service-account-extend-token-expiration bool true - tokens live as long as they are asked to
        ! service-account-signing-endpoint string -     -   signing by another process
        [Authorization]
          authorization-mode            list     -      -   who decides, in this order: Node, RBAC, Webhook, AlwaysAllow, AlwaysDeny; Node,RBAC if not given
          authorization-config          string   -      -   the same with settings (AuthorizationConfiguration); instead of --authorization-mode and --authorization-webhook-...
        ! authorization-policy-file     string   -      -   ABAC; use RBAC
          authorization-webhook-config-file string -    -   kubeconfig of a server that authorizes, for the mode Webhook
          authorization-webhook-cache-authorized-ttl duration 5m - how long its yes counts
          authorization-webhook-cache-unauthorized-ttl duration 30s - how long its no counts
          authorization-webhook-version string   v1beta1 -  the version of SubjectAccessReview that it is sent: v1 or v1beta1
        [Admission]
          enable-admission-plugins      list     -      -   plugins to run besides those that always run
          disable-admission-plugins     list     -      -   plugins not to run
          admission-control-config-file string   -      -   settings of admission plugins (AdmissionConfiguration), of PodSecurity
        [Auditing]
          audit-policy-file             string   -      -   what is recorded of which requests (Policy of audit.k8s.io/v1); without it nothing is
          audit-log-path                string   -      -   where it is written, one event a line; - for the standard output
          audit-log-maxsize             int      100    -   megabytes of one file
          audit-log-maxbackup           int      0      -   full files that are kept; 0: all
          audit-log-maxage              int      0      -   days for which full files are kept; 0: for ever
          audit-log-mode                string   blocking - blocking or batch: events are always written in order, and all before the server ends
        ! audit-log-format              string   json   -   the form of old versions
        ! audit-log-compress            bool     false  -   compression of full files
        ! audit-log-version             string   audit.k8s.io/v1 - other versions
          audit-log-truncate-enabled    bool     false  -   leave objects out of events that are too large
        ~ audit-log-truncate-max-batch-size int  10485760 - events are written one by one
          audit-log-truncate-max-event-size int  102400 -   bytes of an event with its objects
        ~ audit-log-batch-buffer-size   int      10000  -   events are written at once
        ~ audit-log-batch-max-size      int      1      -   events are written at once
        ~ audit-log-batch-max-wait      duration 0s     -   events are written at once
        ~ audit-log-batch-throttle-burst int     0      -   events are written at once
        ~ audit-log-batch-throttle-enable bool   false  -   events are written at once
        ~ audit-log-batch-throttle-qps  float    0      -   events are written at once
          audit-webhook-config-file     string   -      -   kubeconfig of a server that events are sent to
          audit-webhook-batch-buffer-size int    10000  -   events that wait at most
          audit-webhook-batch-max-size  int      400    -   events of one batch
          audit-webhook-batch-max-wait  duration 30s    -   how long an event waits for others
          audit-webhook-initial-backoff duration 10s    -   the pause after a failure
        ! audit-webhook-mode            string   batch  -   sending while the request waits
        ! audit-webhook-version         string   audit.k8s.io/v1 - other versions
          audit-webhook-truncate-enabled bool    false  -   leave objects out of events that are too large
          audit-webhook-truncate-max-batch-size int 10485760 - bytes of one batch
          audit-webhook-truncate-max-event-size int 102400 - bytes of an event with its objects
        ~ audit-webhook-batch-throttle-burst int 15     -   batches are sent when they are full
        ~ audit-webhook-batch-throttle-enable bool true -   batches are sent when they are full
        ~ audit-webhook-batch-throttle-qps float 10     -   batches are sent when they are full
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
        ~ apiserver-count               int      1      -   servers that share etcd find each other there
        ~ endpoint-reconciler-type      string   lease  -   servers that share etcd find each other there, by leases
        ~ enable-logs-handler           bool     false  -   logs are not served
        ~ max-connection-bytes-per-sec  int      0      -   connections are not limited
        ~ coordinated-leadership-lease-duration duration 15s - leaders elect themselves
        ~ coordinated-leadership-renew-deadline duration 10s - leaders elect themselves
        ~ coordinated-leadership-retry-period duration 2s - leaders elect themselves
        ~ profiling                     bool     true   -   there are no profiles of Go programs
        ~ contention-profiling          bool     false  -   there are no profiles of Go programs
        ~ debug-socket-path             string   -      -   there are no profiles of Go programs
        \(SharedFlags.metrics)
        ~ tracing-config-file           string   -      -   no traces are sent
        """
}
