/// The add-ons that every cluster has: service proxy and DNS, both made of this very program.
struct AddOnManifests {
    let settings: InitSettings

    var proxy: String {
        """
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: kube-proxy, namespace: kube-system}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: "kubeadm:node-proxier"}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:node-proxier"}
        subjects:
        - {kind: ServiceAccount, name: kube-proxy, namespace: kube-system}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: kube-proxy, namespace: kube-system, labels: {app: kube-proxy}}
        data:
          config.conf: |
            apiVersion: kubeproxy.config.k8s.io/v1alpha1
            kind: KubeProxyConfiguration
            mode: nftables
            clusterCIDR: "\(settings.podSubnet)"
            clientConnection:
              kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
          kubeconfig.conf: |
            apiVersion: v1
            kind: Config
            clusters:
            - cluster:
                certificate-authority: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
                server: \(settings.server)
              name: default
            contexts:
            - context: {cluster: default, namespace: default, user: default}
              name: default
            current-context: default
            users:
            - name: default
              user:
                tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: kube-proxy, namespace: kube-system, labels: {k8s-app: kube-proxy}}
        spec:
          selector: {matchLabels: {k8s-app: kube-proxy}}
          template:
            metadata: {labels: {k8s-app: kube-proxy}}
            spec:
              priorityClassName: system-node-critical
              serviceAccountName: kube-proxy
              hostNetwork: true
              nodeSelector: {kubernetes.io/os: linux}
              tolerations:
              - {operator: Exists}
              containers:
              - name: kube-proxy
                image: \(settings.image)
                command: [kube-proxy, --config=/var/lib/kube-proxy/config.conf, --hostname-override=$(NODE_NAME)]
                env:
                - name: NODE_NAME
                  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
                securityContext: {privileged: true}
                volumeMounts:
                - {name: kube-proxy, mountPath: /var/lib/kube-proxy}
                - {name: ledger, mountPath: /run/kube-proxy}
              volumes:
              # What the proxy makes on the node is noted there, for kubeadm reset.
              - name: ledger
                hostPath: {path: /run/kube-proxy, type: DirectoryOrCreate}
              - name: kube-proxy
                configMap: {name: kube-proxy}
        """
    }

    var dns: String {
        """
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: coredns, namespace: kube-system}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: "system:coredns"}
        rules:
        - {apiGroups: [""], resources: [endpoints, services, pods, namespaces], verbs: [list, watch]}
        - {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: "system:coredns"}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:coredns"}
        subjects:
        - {kind: ServiceAccount, name: coredns, namespace: kube-system}
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: kube-dns
          namespace: kube-system
          labels: {k8s-app: kube-dns, kubernetes.io/cluster-service: "true", kubernetes.io/name: CoreDNS}
        spec:
          clusterIP: \(settings.dnsAddress)
          selector: {k8s-app: kube-dns}
          ports:
          - {name: dns, port: 53, protocol: UDP, targetPort: 53}
          - {name: dns-tcp, port: 53, protocol: TCP, targetPort: 53}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
        spec:
          replicas: 2
          selector: {matchLabels: {k8s-app: kube-dns}}
          strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 1}}
          template:
            metadata: {labels: {k8s-app: kube-dns}}
            spec:
              priorityClassName: system-cluster-critical
              serviceAccountName: coredns
              dnsPolicy: Default
              tolerations:
              - {key: CriticalAddonsOnly, operator: Exists}
              - {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}
              containers:
              - name: coredns
                image: \(settings.image)
                command: [cluster-dns, --cluster-domain=\(settings.dnsDomain)]
                ports:
                - {name: dns, containerPort: 53, protocol: UDP}
                - {name: dns-tcp, containerPort: 53, protocol: TCP}
                readinessProbe: {tcpSocket: {port: 53}}
                resources:
                  requests: {cpu: 100m, memory: 70Mi}
        """
    }
}
