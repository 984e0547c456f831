/// Who may do what on a cluster as it comes, by upstream's documented policy.
///
/// A line that is not indented names a user: `user NAME [groups ...]`, `account NAMESPACE/NAME`, and after `with` the roles that the row's reader
/// binds for it first, in a namespace (`view in dev`) or everywhere (`view`). An indented line is an answer:
/// `yes|no VERBS PLACE TARGETS`. Verbs have commas between them; `read` is get, list, watch and `write` create, update, patch, delete,
/// deletecollection. The place is a namespace, or `-` for requests without one. A target is `resource[.group][/subresource][=name]` or a path. Each
/// verb with each target is one row.
let defaultPolicyTable = """
    # Everyone

    user system:anonymous system:unauthenticated
      yes get - /healthz /livez /readyz /version /version/
      no get - / /api /apis /api/v1 /apis/apps/v1 /openapi/v3 /openapi/v2 /metrics /logs /debug/pprof /healthz/ping /livez/etcd /.well-known/openid-configuration
      no post - /healthz /version
      no read,write default pods secrets configmaps services
      no create - selfsubjectaccessreviews.authorization.k8s.io selfsubjectreviews.authentication.k8s.io tokenreviews.authentication.k8s.io
      no get kube-public configmaps=cluster-info

    user ana
      yes get - /api /api/v1 /apis /apis/apps /apis/apps/v1 /openapi/v2 /openapi/v3 /openapi/v3/api/v1 /healthz /livez /readyz /version
      no get - / /metrics /metrics/slis /logs /livez/ping /readyz/etcd /healthz/log /debug/pprof /openid/v1/jwks /.well-known/openid-configuration
      no post,put,delete - /api /healthz /version
      yes create - selfsubjectaccessreviews.authorization.k8s.io selfsubjectrulesreviews.authorization.k8s.io selfsubjectreviews.authentication.k8s.io
      no create - subjectaccessreviews.authorization.k8s.io tokenreviews.authentication.k8s.io nodes namespaces certificatesigningrequests.certificates.k8s.io
      no create dev localsubjectaccessreviews.authorization.k8s.io pods secrets
      no read,write dev pods secrets configmaps roles.rbac.authorization.k8s.io
      no read,write - nodes namespaces persistentvolumes clusterroles.rbac.authorization.k8s.io clusterrolebindings.rbac.authorization.k8s.io
      no impersonate - users=bob groups=system:masters
      no get - nodes/proxy=n1 nodes/log=n1 nodes/metrics=n1

    user prometheus system:monitoring
      yes get - /metrics /metrics/slis /healthz /healthz/etcd /livez /livez/ping /readyz /readyz/shutdown
      no get - /debug/pprof /logs
      no get - nodes/metrics=n1 nodes

    account dev/default
      yes get - /.well-known/openid-configuration /openid/v1/jwks /api /version
      yes create - selfsubjectaccessreviews.authorization.k8s.io
      no get - /metrics
      no read,write dev pods secrets configmaps serviceaccounts
      no create dev serviceaccounts/token=default

    user root system:masters
      yes read,write,impersonate,escalate,bind,anything - nodes secrets pods/exec widgets.example.com clusterroles.rbac.authorization.k8s.io
      yes get,post,delete - / /metrics /debug/pprof /logs/x

    # The roles for people

    user viewer with view in dev
      yes read dev pods services configmaps endpoints serviceaccounts persistentvolumeclaims replicationcontrollers events limitranges resourcequotas
      yes read dev deployments.apps daemonsets.apps replicasets.apps statefulsets.apps controllerrevisions.apps jobs.batch cronjobs.batch
      yes read dev ingresses.networking.k8s.io networkpolicies.networking.k8s.io endpointslices.discovery.k8s.io poddisruptionbudgets.policy
      yes read dev horizontalpodautoscalers.autoscaling resourceclaims.resource.k8s.io resourceclaimtemplates.resource.k8s.io
      yes get dev pods/log=p pods/status=p deployments.apps/scale=d deployments.apps/status=d namespaces=dev
      no read dev secrets roles.rbac.authorization.k8s.io rolebindings.rbac.authorization.k8s.io leases.coordination.k8s.io
      no get dev pods/exec=p pods/attach=p pods/portforward=p pods/proxy=p services/proxy=s
      no create dev pods/exec=p pods/attach=p pods/portforward=p pods/eviction=p serviceaccounts/token=default
      no write dev pods services configmaps deployments.apps jobs.batch serviceaccounts secrets
      no read prod pods configmaps
      no list - pods nodes
      no impersonate dev serviceaccounts=default

    user editor with edit in dev
      yes read,write dev pods services configmaps secrets serviceaccounts persistentvolumeclaims replicationcontrollers events
      yes read,write dev deployments.apps daemonsets.apps replicasets.apps statefulsets.apps jobs.batch cronjobs.batch
      yes read,write dev ingresses.networking.k8s.io networkpolicies.networking.k8s.io poddisruptionbudgets.policy
      yes read,write dev horizontalpodautoscalers.autoscaling leases.coordination.k8s.io resourceclaims.resource.k8s.io
      yes get,create dev pods/exec=p pods/attach=p pods/portforward=p pods/proxy=p
      yes create dev pods/eviction=p serviceaccounts/token=default
      yes update,patch dev deployments.apps/scale=d statefulsets.apps/scale=s replicasets.apps/scale=r
      yes impersonate dev serviceaccounts=default
      yes get dev services/proxy=s
      no read,write dev roles.rbac.authorization.k8s.io rolebindings.rbac.authorization.k8s.io
      no write dev limitranges resourcequotas endpoints endpointslices.discovery.k8s.io namespaces
      no update,patch dev pods/status=p deployments.apps/status=d services/status=s resourcequotas/status=r
      no create dev localsubjectaccessreviews.authorization.k8s.io bindings pods/binding=p
      no write prod pods configmaps
      no impersonate prod serviceaccounts=default
      no impersonate - users=ana groups=devs

    user boss with admin in dev
      yes read,write dev pods secrets roles.rbac.authorization.k8s.io rolebindings.rbac.authorization.k8s.io deployments.apps
      yes create dev localsubjectaccessreviews.authorization.k8s.io
      no bind,escalate dev roles.rbac.authorization.k8s.io=r
      no bind - clusterroles.rbac.authorization.k8s.io=cluster-admin
      no write dev resourcequotas limitranges namespaces
      no read,write prod roles.rbac.authorization.k8s.io secrets
      no read - clusterroles.rbac.authorization.k8s.io nodes persistentvolumes

    user reader with view
      yes read - pods namespaces
      yes read prod pods services
      no read - secrets nodes persistentvolumes clusterroles.rbac.authorization.k8s.io

    user owner with cluster-admin
      yes read,write,bind,escalate,impersonate - secrets nodes users=x clusterroles.rbac.authorization.k8s.io
      yes get,put - /anything /metrics

    # The roles that a cluster's owner gives out

    user delegate with system:auth-delegator
      yes create - tokenreviews.authentication.k8s.io subjectaccessreviews.authorization.k8s.io
      no create default localsubjectaccessreviews.authorization.k8s.io
      no list - secrets
    user apiserver-kubelet-client with system:kubelet-api-admin
      yes get,create,update,patch,delete - nodes/proxy=n1 nodes/stats=n1 nodes/log=n1 nodes/metrics=n1 nodes/pods=n1 nodes/healthz=n1 nodes/configz=n1
      yes read - nodes
      no patch,delete - nodes=n1 nodes/status=n1
      no get default pods secrets
    user joiner with system:node-bootstrapper
      yes create,get,list,watch - certificatesigningrequests.certificates.k8s.io
      no update,patch - certificatesigningrequests.certificates.k8s.io/approval=c certificatesigningrequests.certificates.k8s.io/status=c
      no create - certificatesigningrequests.certificates.k8s.io/nodeclient certificatesigningrequests.certificates.k8s.io/selfnodeclient nodes
      no get kube-system secrets=bootstrap-token-abcdef
    user asker with system:certificates.k8s.io:certificatesigningrequests:nodeclient
      yes create - certificatesigningrequests.certificates.k8s.io/nodeclient
      no create - certificatesigningrequests.certificates.k8s.io/selfnodeclient certificatesigningrequests.certificates.k8s.io
    user renewer with system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
      yes create - certificatesigningrequests.certificates.k8s.io/selfnodeclient
      no create - certificatesigningrequests.certificates.k8s.io/nodeclient
    user client-approver with system:certificates.k8s.io:kube-apiserver-client-approver
      yes approve - signers.certificates.k8s.io=kubernetes.io/kube-apiserver-client
      no approve - signers.certificates.k8s.io=kubernetes.io/kubelet-serving signers.certificates.k8s.io=kubernetes.io/kube-apiserver-client-kubelet
      no sign - signers.certificates.k8s.io=kubernetes.io/kube-apiserver-client
    user kubelet-approver with system:certificates.k8s.io:kube-apiserver-client-kubelet-approver
      yes approve - signers.certificates.k8s.io=kubernetes.io/kube-apiserver-client-kubelet
      no approve - signers.certificates.k8s.io=kubernetes.io/kube-apiserver-client signers.certificates.k8s.io=example.com/x
    user serving-approver with system:certificates.k8s.io:kubelet-serving-approver
      yes approve - signers.certificates.k8s.io=kubernetes.io/kubelet-serving
      no approve - signers.certificates.k8s.io=kubernetes.io/legacy-unknown
    user legacy-approver with system:certificates.k8s.io:legacy-unknown-approver
      yes approve - signers.certificates.k8s.io=kubernetes.io/legacy-unknown
      no approve - signers.certificates.k8s.io=kubernetes.io/kubelet-serving
    user detector with system:node-problem-detector
      yes get - nodes=n1
      yes patch - nodes/status=n1
      yes create,patch,update default events events.events.k8s.io
      no list,delete,update - nodes
    user provisioner with system:persistent-volume-provisioner
      yes read,create,delete - persistentvolumes
      yes read,update default persistentvolumeclaims
      yes read - storageclasses.storage.k8s.io
      no update,patch - persistentvolumes=pv
      no get default secrets=s
    user meter with system:aggregated-metrics-reader
      yes read default pods.metrics.k8s.io
      yes read - nodes.metrics.k8s.io
      no read default pods
    user volumes with system:volume-scheduler
      yes read,update,patch - persistentvolumes
      yes read,update,patch default persistentvolumeclaims
      no delete - persistentvolumes=pv
    user aggregator with system:kube-aggregator
      yes read kube-system services endpoints
      no read kube-system pods secrets
    user heapster with system:heapster
      yes read default pods events
      yes read - nodes namespaces
      no get default secrets
    user old-dns with system:kube-dns
      yes list,watch - services endpoints
      no list - pods endpointslices.discovery.k8s.io

    # The components

    user system:kube-scheduler
      yes create default pods/binding=p bindings
      yes read,delete default pods
      yes read - nodes namespaces persistentvolumes csinodes.storage.k8s.io csidrivers.storage.k8s.io priorityclasses.scheduling.k8s.io
      yes read,update,patch - persistentvolumes
      yes patch,update default pods/status=p
      yes read default services replicationcontrollers replicasets.apps statefulsets.apps poddisruptionbudgets.policy
      yes read,update,patch default persistentvolumeclaims resourceclaims.resource.k8s.io
      yes update,patch default resourceclaims.resource.k8s.io/status=c
      yes create,patch,update default events events.events.k8s.io
      yes create kube-system leases.coordination.k8s.io
      yes get,update kube-system leases.coordination.k8s.io=kube-scheduler
      yes create - tokenreviews.authentication.k8s.io subjectaccessreviews.authorization.k8s.io
      yes get kube-system configmaps=extension-apiserver-authentication
      no get,update default leases.coordination.k8s.io=kube-controller-manager leases.coordination.k8s.io=other
      no get kube-system secrets=s configmaps=kubeadm-config
      no read default secrets configmaps serviceaccounts
      no create,update,patch default pods
      no write - nodes
      no update,patch - nodes/status=n1
      no impersonate - users=x

    user system:kube-controller-manager
      yes list,watch - pods secrets nodes widgets.example.com
      yes create,delete,get,update kube-system secrets
      yes create,get,update kube-system serviceaccounts
      yes create kube-system serviceaccounts/token=replicaset-controller
      yes create - tokenreviews.authentication.k8s.io subjectaccessreviews.authorization.k8s.io
      yes create,patch,update default events
      yes get,update kube-system leases.coordination.k8s.io=kube-controller-manager
      yes get kube-system configmaps=extension-apiserver-authentication
      no impersonate - users=x groups=system:masters
      no escalate,bind - clusterroles.rbac.authorization.k8s.io=x
      no get,post - /metrics /debug/pprof

    user system:kube-proxy
      yes list,watch - services endpoints endpointslices.discovery.k8s.io servicecidrs.networking.k8s.io
      yes read - nodes
      yes create,patch,update default events events.events.k8s.io
      no get default services endpoints
      no read default pods secrets configmaps
      no write - nodes
      no write default services endpoints endpointslices.discovery.k8s.io
    account kube-system/kube-dns
      yes list,watch - services endpoints
      no list - secrets configmaps
    account kube-system/coredns
      yes list,watch - services endpoints pods namespaces endpointslices.discovery.k8s.io
      no read default secrets configmaps
      no write default services
    account default/coredns
      no list - services pods

    # Kubelets: n1 has one pod, dev/p1, which uses the secret vol, the configuration conf and the account robot; n2 has the pod p2

    user system:node:n1 system:nodes
      yes get - nodes=n1
      yes create,update,patch - nodes=n1
      yes update,patch - nodes/status=n1
      yes get dev pods=p1
      yes create,delete dev pods=p1
      yes patch,update dev pods/status=p1
      yes create dev pods/eviction=p1 serviceaccounts/token=robot
      yes get,list,watch dev secrets=vol configmaps=conf
      yes get dev serviceaccounts=robot
      yes read default services
      yes get default endpoints
      yes read - csidrivers.storage.k8s.io runtimeclasses.node.k8s.io
      yes create - tokenreviews.authentication.k8s.io subjectaccessreviews.authorization.k8s.io
      yes create,get,list,watch - certificatesigningrequests.certificates.k8s.io
      yes create,patch,update default events events.events.k8s.io
      yes create,get,update,patch,delete kube-node-lease leases.coordination.k8s.io=n1
      yes create,get,update,patch,delete - csinodes.storage.k8s.io=n1
      no get,list,watch dev secrets=other configmaps=other
      no get,list dev secrets configmaps
      no get prod secrets=vol configmaps=conf
      no list,watch - secrets configmaps
      no write dev secrets=vol configmaps=conf
      no get dev pods=p2
      no list,watch - pods nodes
      no get - nodes=n2
      no delete - nodes=n1 nodes=n2
      no create dev serviceaccounts/token=admin
      no get dev serviceaccounts=admin
      no get,update kube-node-lease leases.coordination.k8s.io=n2
      no get,create kube-system leases.coordination.k8s.io=n1
      no get,delete - csinodes.storage.k8s.io=n2
      no get dev persistentvolumeclaims=unused
      no get - persistentvolumes=unused volumeattachments.storage.k8s.io=unused
      no get - nodes/proxy=n1 nodes/proxy=n2 nodes/log=n1 nodes/stats=n1
      no create dev pods/exec=p1 pods/binding=p1
      no update,patch - certificatesigningrequests.certificates.k8s.io/approval=c
      no approve - signers.certificates.k8s.io=kubernetes.io/kube-apiserver-client-kubelet
      no create - certificatesigningrequests.certificates.k8s.io/selfnodeclient
      no read,write dev deployments.apps roles.rbac.authorization.k8s.io
      no impersonate - users=system:node:n2
    user system:node:n2 system:nodes
      no get dev secrets=vol configmaps=conf pods=p1
      no create dev serviceaccounts/token=robot
    user system:node:n1
      no get - nodes=n1
      no get dev secrets=vol
      no update - nodes/status=n1
    user n1 system:nodes
      no get - nodes=n1
      no get dev secrets=vol
    user system:node: system:nodes
      no get - nodes=n1

    # Bootstrapping and what stands in kube-system alone

    user system:bootstrap:abcdef system:bootstrappers
      no create - certificatesigningrequests.certificates.k8s.io nodes
      no get kube-system secrets=bootstrap-token-abcdef
    account kube-system/bootstrap-signer
      yes read kube-system secrets
      yes read kube-public configmaps
      yes update kube-public configmaps=cluster-info
      no update kube-public configmaps=other
      no create,delete kube-system secrets
      no read default secrets
    account kube-system/token-cleaner
      yes read,delete kube-system secrets
      no create,update kube-system secrets
      no delete default secrets
    account kube-system/cloud-provider
      yes create,get,list,watch kube-system configmaps
      no get default configmaps
    """
