/// Configuration files with everything in its default, to begin one's own with.
enum ConfigDefaults {
    static let initialization = """
        apiVersion: \(SettingsFile.apiVersion)
        bootstrapTokens:
        - groups:
          - system:bootstrappers:kubeadm:default-node-token
          token: abcdef.0123456789abcdef
          ttl: 24h0m0s
          usages:
          - signing
          - authentication
        kind: InitConfiguration
        localAPIEndpoint:
          advertiseAddress: 1.2.3.4
          bindPort: 6443
        nodeRegistration:
          criSocket: unix:///run/containerd/containerd.sock
          imagePullPolicy: IfNotPresent
          imagePullSerial: true
          name: node
          taints: null
        \(timeouts)
        ---
        apiServer: {}
        apiVersion: \(SettingsFile.apiVersion)
        caCertificateValidityPeriod: 87600h0m0s
        certificateValidityPeriod: 8760h0m0s
        certificatesDir: /etc/kubernetes/pki
        clusterName: kubernetes
        controllerManager: {}
        kind: ClusterConfiguration
        kubernetesVersion: 1.36.3
        networking:
          dnsDomain: cluster.local
          serviceSubnet: 10.96.0.0/12
        scheduler: {}
        """

    static let join = """
        apiVersion: \(SettingsFile.apiVersion)
        caCertPath: /etc/kubernetes/pki/ca.crt
        discovery:
          bootstrapToken:
            apiServerEndpoint: kube-apiserver:6443
            token: abcdef.0123456789abcdef
            unsafeSkipCAVerification: true
          tlsBootstrapToken: abcdef.0123456789abcdef
        kind: JoinConfiguration
        nodeRegistration:
          criSocket: unix:///run/containerd/containerd.sock
          imagePullPolicy: IfNotPresent
          imagePullSerial: true
          name: node
          taints: null
        \(timeouts)
        """

    private static let timeouts = """
        timeouts:
          controlPlaneComponentHealthCheck: 4m0s
          discovery: 5m0s
          etcdAPICall: 2m0s
          kubeletHealthCheck: 4m0s
          kubernetesAPICall: 1m0s
          tlsBootstrap: 5m0s
          upgradeManifests: 5m0s
        """
}
