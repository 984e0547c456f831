/// The lines of flag tables that components share.
enum SharedFlags {
    /// Whom to be compatible with.
    static let versions = """
        ~ emulated-version              list     -      -   only 1.36 is spoken
        ~ emulation-forward-compatible  bool     false  -   only 1.36 is spoken
        ~ min-compatibility-version     list     -      -   only 1.36 is spoken
        """

    /// What metrics are shown.
    static let metrics = """
        ~ allow-metric-labels           map      -      -   labels are as they are
        ~ allow-metric-labels-manifest  string   -      -   labels are as they are
        ~ disabled-metrics              list     -      -   no metrics are left out
        ~ show-hidden-metrics-for-version string -      -   there are no hidden metrics
        """

    /// How connections to an HTTPS port are served.
    static let connections = """
        ! tls-sni-cert-key              list     -      -   certificates by host name
        ~ tls-cipher-suites             list     -      -   only suites that are safe are offered
          tls-min-version               string   VersionTLS12 - VersionTLS12 or VersionTLS13
        ~ tls-curve-preferences         list     -      -   only curves that are safe are offered
        ~ http2-max-streams-per-connection int   0      -   the limit is 250
        ~ permit-address-sharing        bool     false  -   SO_REUSEADDR is always set
        ~ permit-port-sharing           bool     false  -   SO_REUSEPORT is not set
        ~ disable-http2-serving         bool     false  -   HTTP/2 is offered
        """

    /// The certificate of a port that only says how its component is (`ComponentServer`).
    static let ownCertificate = """
          tls-cert-file                 string   -      -   serving certificate; one is made for this run if not given
          tls-private-key-file          string   -      -   its key
          cert-dir                      string   -      -   where a certificate is kept if none is given
        """

    /// Who may look at that port: on the API server's word (`DelegatedAccess`).
    static let delegation = """
          authentication-kubeconfig     string   -      -   kubeconfig by which bearer tokens are asked about
        ~ authentication-skip-lookup    bool     false  -   only --client-ca-file says whose certificates count
        ~ authentication-token-webhook-cache-ttl duration 10s - answers count for ten seconds
          authorization-kubeconfig      string   -      -   kubeconfig by which it is asked who may see what
          authorization-always-allow-paths list  /healthz,/readyz,/livez - paths that everybody may see
        ~ authorization-webhook-cache-authorized-ttl duration 10s - answers count for ten seconds
        ~ authorization-webhook-cache-unauthorized-ttl duration 10s - answers count for ten seconds
          client-ca-file                string   -      -   whose client certificates count
        ~ requestheader-client-ca-file  string   -      -   no proxies in front are trusted
        ~ requestheader-allowed-names   list     -      -   no proxies in front are trusted
        ~ requestheader-username-headers list    x-remote-user - no proxies in front are trusted
        ~ requestheader-group-headers   list     x-remote-group - no proxies in front are trusted
        ~ requestheader-uid-headers     list     -      -   no proxies in front are trusted
        ~ requestheader-extra-headers-prefix list x-remote-extra- - no proxies in front are trusted
        """
}
