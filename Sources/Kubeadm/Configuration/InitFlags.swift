package import Flags

/// The flags of `kubeadm init`, and the fields of InitConfiguration and ClusterConfiguration (kubeadm.k8s.io/v1beta4).
package enum InitFlags {
    package static let apiVersion = SettingsFile.apiVersion
    static let dataFolder = "/var/lib/kube-apiserver"

    package static let table = FlagTable(
        program: "kubeadm init", summary: "Sets up the control plane of a new cluster on this machine.",
        text: """
            [Init]
              apiserver-advertise-address  string  -        localAPIEndpoint.advertiseAddress  the address at which others reach the API server; that of the default route if not given
              apiserver-bind-port          int     6443     localAPIEndpoint.bindPort     the API server's port
              apiserver-cert-extra-sans    list    -        apiServer.certSANs            further names and addresses in the API server's certificate
              cert-dir                     string  /etc/kubernetes/pki certificatesDir    the folder of certificates
              config                       string  -        -                             file with InitConfiguration and ClusterConfiguration
              control-plane-endpoint       string  -        controlPlaneEndpoint          a name or address for all control planes together
              cri-socket                   string  unix:///run/containerd/containerd.sock nodeRegistration.criSocket the container runtime's socket
              ignore-preflight-errors      list    -        nodeRegistration.ignorePreflightErrors checks whose failures are warnings; all for every one
              kubeconfig-dir               string  /etc/kubernetes -                      the folder of kubeconfigs
              kubernetes-version           string  -        kubernetesVersion             only that of this program
              node-name                    string  -        nodeRegistration.name         the node's name; the machine's host name if not given
              pod-network-cidr             string  -        networking.podSubnet          the range of pod addresses
              service-cidr                 string  10.96.0.0/12 networking.serviceSubnet  the range of service addresses
              service-dns-domain           string  cluster.local networking.dnsDomain     the domain of the cluster's names
              skip-phases                  list    -        skipPhases                    phases to leave out
              skip-token-print             bool    false    -                             do not print the token
              token                        string  -        -                             the bootstrap token; a random one if not given
              token-ttl                    duration 24h0m0s -                             the token's life; 0 for ever
              image                        string  -        -                             the image of the control plane; one made of this program if not given
              data-dir                     string  /var/lib/kube-apiserver -              the folder of the store that is embedded in kube-apiserver
              etcd                         bool    false    -                             keep objects in etcd, a static pod of its own: for several control planes
              dry-run                      bool    false    dryRun                        tell what would be done, and do nothing
              upload-certs                 bool    false    -                             put the authorities' keys into the cluster, encrypted, for further control planes
              certificate-key              string  -        certificateKey                what they are encrypted with: 64 hexadecimal digits; a random one if not given
              skip-certificate-key-print   bool    false    -                             do not print it
            ! patches                      string  -        patches.directory             patches of manifests
            ! feature-gates                map     -        featureGates                  features with names
            ~ image-repository             string  registry.k8s.io imageRepository        images are made of this program
              -                            string  kubernetes clusterName                 the cluster's name in kubeconfigs
              -                            tree    -        bootstrapTokens               tokens to make, with their lives, groups and usages
              -                            tree    -        nodeRegistration.taints       taints of this node
              -                            tree    -        nodeRegistration.kubeletExtraArgs flags of the kubelet: name and value pairs
            ~ -                            string  IfNotPresent nodeRegistration.imagePullPolicy images are made of this program
            ~ -                            bool    true     nodeRegistration.imagePullSerial images are made of this program
              -                            tree    -        apiServer.extraArgs           flags of kube-apiserver: name and value pairs
              -                            tree    -        controllerManager.extraArgs   flags of kube-controller-manager
              -                            tree    -        scheduler.extraArgs           flags of kube-scheduler
              -                            tree    -        etcd.local                    a member of etcd on each control plane: dataDir, extraArgs, serverCertSANs, peerCertSANs
              -                            tree    -        etcd.external                 an etcd of somebody else: endpoints, caFile, certFile, keyFile
            ~ -                            tree    -        dns                           the DNS server is made of this program
            ~ -                            tree    -        proxy                         the proxy is made of this program
            ~ -                            string  -        encryptionAlgorithm           keys are ECDSA P-256
              certificate-validity-period  duration 8760h0m0s certificateValidityPeriod   how long certificates count; they are renewed in time
              ca-certificate-validity-period duration 87600h0m0s caCertificateValidityPeriod how long the authorities count that are made
              -                            duration 4m0s   timeouts.controlPlaneComponentHealthCheck how long to wait for the control plane
              -                            duration 4m0s   timeouts.kubeletHealthCheck   how long to wait for the kubelet
            ~ -                            duration 1m0s   timeouts.kubernetesAPICall    requests take as long as the connection's limits say
              -                            duration 2m0s   timeouts.etcdAPICall          how long to wait for etcd
            ~ -                            duration 5m0s   timeouts.tlsBootstrap         for kubeadm join
            ~ -                            duration 5m0s   timeouts.discovery            for kubeadm join
            ~ -                            duration 5m0s   timeouts.upgradeManifests     for kubeadm upgrade
            """)
}
