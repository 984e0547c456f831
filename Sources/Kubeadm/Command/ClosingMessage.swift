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

            Then you can join any number of worker nodes by running the following on each as root:

            \(try JoinLine.text(kubeconfig: admin, token: token, separator: " \\\n\t"))
            """
    }
}
