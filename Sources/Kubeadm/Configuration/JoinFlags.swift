package import Flags

/// The flags of `kubeadm join`, and the fields of JoinConfiguration (kubeadm.k8s.io/v1beta4).
package enum JoinFlags {
    package static let kinds = ["JoinConfiguration"]

    package static let table = FlagTable(
        program: "kubeadm join",
        summary: "Makes this machine a node of a cluster that is there: kubeadm join HOST:PORT --token TOKEN --discovery-token-ca-cert-hash HASH",
        text: """
            [Join]
              config                        string  -        -                             file with JoinConfiguration
              -                             string  -        discovery.bootstrapToken.apiServerEndpoint the API server's address and port
              discovery-token               string  -        discovery.bootstrapToken.token the token by which the cluster is recognized
              discovery-token-ca-cert-hash  list    -        discovery.bootstrapToken.caCertHashes digests of authorities' public keys, one of which must fit: sha256:<hex>
              discovery-token-unsafe-skip-ca-verification bool false discovery.bootstrapToken.unsafeSkipCAVerification believe whoever knows the token
              discovery-file                string  -        discovery.file.kubeConfigPath the path or https URL of a kubeconfig that names the cluster and its authority
              tls-bootstrap-token           string  -        discovery.tlsBootstrapToken   the token for the node's first request
              token                         string  -        -                             the token for both, where neither has one of its own
              node-name                     string  -        nodeRegistration.name         the node's name; the machine's host name if not given
              node-ip                       string  -        -                             the node's address; that of the default route if not given
              cri-socket                    string  unix:///run/containerd/containerd.sock nodeRegistration.criSocket the container runtime's socket
              ignore-preflight-errors       list    -        nodeRegistration.ignorePreflightErrors checks whose failures are warnings; all for every one
              kubeconfig-dir                string  /etc/kubernetes -                      the folder of kubeconfigs
              skip-phases                   list    -        skipPhases                    phases to leave out
              control-plane                 bool    false    -                             make this machine one more control plane
              -                             tree    -        controlPlane                  the same: localAPIEndpoint with advertiseAddress and bindPort, certificateKey
              certificate-key               string  -        -                             what opens the authorities' keys that kubeadm init --upload-certs has put into the cluster
              apiserver-advertise-address   string  -        -                             of a control plane: the address at which others reach the API server; --node-ip if not given
              apiserver-bind-port           int     6443     -                             of a control plane: the API server's port
            ! patches                       string  -        patches.directory             patches of files
              dry-run                       bool    false    dryRun                        tell what would be done, and do nothing
              -                             string  /etc/kubernetes/pki/ca.crt caCertPath  where the authority's certificate is kept
              -                             tree    -        nodeRegistration.taints       taints of this node
              -                             tree    -        nodeRegistration.kubeletExtraArgs flags of the kubelet: name and value pairs
            ~ -                             string  IfNotPresent nodeRegistration.imagePullPolicy images are made of this program
            ~ -                             bool    true     nodeRegistration.imagePullSerial images are made of this program
              -                             duration 5m0s    timeouts.discovery            how long to look for the cluster
              -                             duration 5m0s    timeouts.tlsBootstrap         how long to wait for the node's certificate
              -                             duration 4m0s    timeouts.kubeletHealthCheck   how long to wait for the kubelet
              -                             duration 4m0s    timeouts.controlPlaneComponentHealthCheck how long to wait for the control plane
            ~ -                             duration 1m0s    timeouts.kubernetesAPICall    requests take as long as the connection's limits say
              -                             duration 2m0s    timeouts.etcdAPICall          how long to wait for etcd
            ~ -                             duration 5m0s    timeouts.upgradeManifests     for kubeadm upgrade
            """)
}
