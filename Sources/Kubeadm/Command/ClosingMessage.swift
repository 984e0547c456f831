import Crypto
import KubernetesClient
import PKI

/// What `kubeadm init` says at its end: how to go on, in lines that work when they are pasted.
enum ClosingMessage {
    static func text(_ settings: InitSettings) throws -> String {
        """

        Your Kubernetes control-plane has initialized successfully!

        To start using your cluster, you need to run the following as a regular user:

          mkdir -p $HOME/.kube
          sudo cp -i \(settings.folder)/admin.conf $HOME/.kube/config
          sudo chown $(id -u):$(id -g) $HOME/.kube/config

        Alternatively, if you are the root user, you can run:

          export KUBECONFIG=\(settings.folder)/admin.conf

        You should now deploy a pod network to the cluster.
        Run "kubectl apply -f [podnetwork].yaml" with one of the options listed at:
          https://kubernetes.io/docs/concepts/cluster-administration/addons/

        Then you can join any number of worker nodes by running the following on each as root:

        \(try joinCommand(settings))
        """
    }

    static func joinCommand(_ settings: InitSettings) throws -> String {
        let server = settings.server.dropFirst("https://".count)
        let token = settings.printsToken ? settings.token : "<value withheld>"
        return "kubeadm join \(server) --token \(token) \\\n\t--discovery-token-ca-cert-hash \(try authorityHash(settings.certificates)) "
    }

    /// `sha256:` and the digest of the authority's public key, as `--discovery-token-ca-cert-hash` takes it.
    static func authorityHash(_ folder: String) throws -> String {
        guard let pem = try SecretFile.read("\(folder)/ca.crt") else { throw KubeadmError("\(folder)/ca.crt: there is no such file") }
        let key = try PEMCertificate(pem: pem, what: "\(folder)/ca.crt").publicKeyDER
        return "sha256:" + SHA256.hash(data: key).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }
}
