/// What `kubeadm init` says at its end: how to go on, in lines that work when they are pasted.
enum ClosingMessage {
    /// - Throws: when `admin.conf`, from which the line for joining is made, cannot be read.
    static func text(_ settings: InitSettings) throws -> String {
        let admin = "\(settings.folder)/admin.conf"
        let token = settings.printsToken ? settings.tokens.first?.token : nil
        return """

            Your Kubernetes control-plane has initialized successfully!

            To start using your cluster, you need to run the following as a regular user:

              mkdir -p $HOME/.kube
              sudo cp -i \(admin) $HOME/.kube/config
              sudo chown $(id -u):$(id -g) $HOME/.kube/config

            Alternatively, if you are the root user, you can run:

              export KUBECONFIG=\(admin)

            You should now deploy a pod network to the cluster.
            Run "kubectl apply -f [podnetwork].yaml" with one of the options listed at:
              https://kubernetes.io/docs/concepts/cluster-administration/addons/

            \(try controlPlanes(settings, admin, token))Then you can join any number of worker nodes by running the following on each as root:

            \(try JoinLine.text(kubeconfig: admin, token: token, separator: " \\\n\t"))
            """
    }

    /// How further control planes join; nothing where they cannot.
    private static func controlPlanes(_ settings: InitSettings, _ admin: String, _ token: BootstrapToken?) throws -> String {
        guard settings.uploadsCertificates, !settings.controlPlaneEndpoint.isEmpty else { return "" }
        if case .embedded = settings.store { return "" }
        let key = settings.printsCertificateKey ? settings.certificateKey : nil
        return """
            You can now join any number of control-plane nodes running the following command on each as root:

            \(try JoinLine.text(kubeconfig: admin, token: token, separator: " \\\n\t", role: .controlPlane(key)))

            The certificate key gives access to all secrets of the cluster: keep it secret. What it opens is deleted in two hours;
            "kubeadm init phase upload-certs --upload-certs" puts it there again.


            """
    }
}
