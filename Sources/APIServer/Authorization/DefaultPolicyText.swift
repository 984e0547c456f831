/// The roles and bindings that every cluster starts with. Names and rights are upstream's; `apus:` marks our own additions.
///
/// A line that is not indented begins a role or is a binding:
/// `clusterrole NAME [label ...]`, `role NAMESPACE/NAME`, `bind NAME = SUBJECT, ...` (a ClusterRoleBinding to the role of that name),
/// `rolebind NAMESPACE/NAME = SUBJECT, ...`. Subjects are `user:X`, `group:X` and `sa:NAMESPACE/X`.
/// An indented line is a rule: `GROUPS | RESOURCES | VERBS [| RESOURCE NAMES]` or `url | PATHS | VERBS` or `aggregate LABEL`.
/// `events` is the rule for writing events. `core` is the group without a name, `read` stands for get, list, watch and `write` for create, delete, deletecollection, patch, update.
let defaultPolicyText = """
    clusterrole cluster-admin
      * | * | *
      url | * | *
    bind cluster-admin = group:system:masters
    clusterrole system:discovery
      url | /api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/ | get
    bind system:discovery = group:system:authenticated
    clusterrole system:public-info-viewer
      url | /healthz /livez /readyz /version /version/ | get
    bind system:public-info-viewer = group:system:authenticated, group:system:unauthenticated
    clusterrole system:basic-user
      authorization.k8s.io | selfsubjectaccessreviews selfsubjectrulesreviews | create
      authentication.k8s.io | selfsubjectreviews | create
    bind system:basic-user = group:system:authenticated
    clusterrole system:monitoring
      url | /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* | get
    bind system:monitoring = group:system:monitoring
    clusterrole system:service-account-issuer-discovery
      url | /.well-known/openid-configuration /openid/v1/jwks | get
    bind system:service-account-issuer-discovery = group:system:serviceaccounts
    clusterrole system:auth-delegator
      authentication.k8s.io | tokenreviews | create
      authorization.k8s.io | subjectaccessreviews | create
    clusterrole system:kubelet-api-admin
      core | nodes | read
      core | nodes | proxy
      core | nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats | *

    clusterrole admin
      aggregate rbac.authorization.k8s.io/aggregate-to-admin
    clusterrole edit rbac.authorization.k8s.io/aggregate-to-admin
      aggregate rbac.authorization.k8s.io/aggregate-to-edit
    clusterrole view rbac.authorization.k8s.io/aggregate-to-edit
      aggregate rbac.authorization.k8s.io/aggregate-to-view
    clusterrole system:aggregate-to-admin rbac.authorization.k8s.io/aggregate-to-admin
      authorization.k8s.io | localsubjectaccessreviews | create
      rbac.authorization.k8s.io | rolebindings roles | read write
    clusterrole system:aggregate-to-edit rbac.authorization.k8s.io/aggregate-to-edit
      core | pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy | read
      core | serviceaccounts | impersonate
      core | pods pods/attach pods/exec pods/portforward pods/proxy | write
      core | pods/eviction | create
      core | configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy | write
      core | serviceaccounts/token | create
      apps | daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale | write
      autoscaling | horizontalpodautoscalers | write
      batch | cronjobs jobs | write
      extensions | daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale | write
      policy | poddisruptionbudgets | write
      networking.k8s.io | ingresses networkpolicies | write
      coordination.k8s.io | leases | read write
      resource.k8s.io | resourceclaims resourceclaimtemplates | write
    clusterrole system:aggregate-to-view rbac.authorization.k8s.io/aggregate-to-view
      core | configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status | read
      core | bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status | read
      core | namespaces | read
      discovery.k8s.io | endpointslices | read
      apps | controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status | read
      autoscaling | horizontalpodautoscalers horizontalpodautoscalers/status | read
      batch | cronjobs cronjobs/status jobs jobs/status | read
      extensions | daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale | read
      policy | poddisruptionbudgets poddisruptionbudgets/status | read
      networking.k8s.io | ingresses ingresses/status networkpolicies | read
      resource.k8s.io | resourceclaims resourceclaims/status resourceclaimtemplates | read
    clusterrole system:aggregated-metrics-reader rbac.authorization.k8s.io/aggregate-to-admin rbac.authorization.k8s.io/aggregate-to-edit rbac.authorization.k8s.io/aggregate-to-view
      metrics.k8s.io | nodes pods | read

    clusterrole system:node
      authentication.k8s.io | tokenreviews | create
      authorization.k8s.io | localsubjectaccessreviews subjectaccessreviews | create
      core | services | read
      core | nodes | create get list watch patch update
      core | nodes/status | patch update
      core events.k8s.io | events | create patch update
      core | pods | read create delete
      core | pods/status | patch update
      core | pods/eviction | create
      core | configmaps secrets | read
      core | persistentvolumeclaims persistentvolumes | get
      core | endpoints | get
      certificates.k8s.io | certificatesigningrequests | create read
      coordination.k8s.io | leases | create delete get patch update
      storage.k8s.io | volumeattachments | get
      core | serviceaccounts/token | create
      core | serviceaccounts | get
      core | persistentvolumeclaims/status | get patch update
      storage.k8s.io | csidrivers | read
      storage.k8s.io | csinodes | create delete get patch update
      node.k8s.io | runtimeclasses | read
      resource.k8s.io | resourceclaims | get
      resource.k8s.io | resourceslices | read create delete deletecollection patch update
    bind system:node =
    clusterrole system:node-bootstrapper
      certificates.k8s.io | certificatesigningrequests | create read
    clusterrole system:node-problem-detector
      core | nodes | get
      core | nodes/status | patch
      core events.k8s.io | events | create patch update
    clusterrole system:node-proxier
      core | endpoints services | list watch
      core | nodes | read
      core events.k8s.io | events | create patch update
      discovery.k8s.io | endpointslices | list watch
      networking.k8s.io | servicecidrs | list watch
    bind system:node-proxier = user:system:kube-proxy

    clusterrole system:kube-scheduler
      core events.k8s.io | events | create patch update
      coordination.k8s.io | leases | create
      coordination.k8s.io | leases | get update | kube-scheduler
      coordination.k8s.io | leasecandidates | create get list watch patch update delete deletecollection
      core | nodes | read
      core | pods | read delete
      core | bindings pods/binding | create
      core | pods/status | patch update
      core | replicationcontrollers services | read
      apps extensions | replicasets | read
      apps | statefulsets | read
      policy | poddisruptionbudgets | read
      core | persistentvolumeclaims persistentvolumes | read
      authentication.k8s.io | tokenreviews | create
      authorization.k8s.io | subjectaccessreviews | create
      storage.k8s.io | csinodes csidrivers csistoragecapacities volumeattachments | read
      core | namespaces | read
      scheduling.k8s.io | priorityclasses | read
      resource.k8s.io | deviceclasses resourceslices | read
      resource.k8s.io | resourceclaims | read patch update
      resource.k8s.io | resourceclaims/status | patch update
    bind system:kube-scheduler = user:system:kube-scheduler
    clusterrole system:volume-scheduler
      core | persistentvolumes | read patch update
      storage.k8s.io | storageclasses | read
      core | persistentvolumeclaims | read patch update
    bind system:volume-scheduler = user:system:kube-scheduler
    clusterrole system:kube-controller-manager
      core events.k8s.io | events | create patch update
      coordination.k8s.io | leases | create
      coordination.k8s.io | leases | get update | kube-controller-manager
      core | secrets serviceaccounts | create
      core | secrets | delete
      core | configmaps namespaces secrets serviceaccounts | get
      core | secrets serviceaccounts | update
      authentication.k8s.io | tokenreviews | create
      authorization.k8s.io | subjectaccessreviews | create
      * | * | list watch
      core | serviceaccounts/token | create
    bind system:kube-controller-manager = user:system:kube-controller-manager
    clusterrole system:kube-aggregator
      core | endpoints services | read
    clusterrole system:heapster
      core | events namespaces nodes pods | read
      extensions | deployments | read
    clusterrole system:kube-dns
      core | endpoints services | list watch
    bind system:kube-dns = sa:kube-system/kube-dns
    clusterrole system:coredns
      core | endpoints services pods namespaces | list watch
      discovery.k8s.io | endpointslices | list watch
      core | nodes | get
    bind system:coredns = sa:kube-system/coredns, sa:kube-system/kube-dns
    clusterrole apus:pod-network
      core | nodes | read patch update
      core | nodes/status | patch update
      core | pods namespaces | read
      networking.k8s.io | networkpolicies | read
      core events.k8s.io | events | create patch update
    bind apus:pod-network = sa:kube-system/apus-network
    clusterrole apus:local-path-provisioner
      core | persistentvolumes | read create delete
      core | persistentvolumeclaims nodes | read
      storage.k8s.io | storageclasses | read
      events
    bind apus:local-path-provisioner = sa:kube-system/local-path-provisioner

    clusterrole system:certificates.k8s.io:certificatesigningrequests:nodeclient
      certificates.k8s.io | certificatesigningrequests/nodeclient | create
    clusterrole system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
      certificates.k8s.io | certificatesigningrequests/selfnodeclient | create
    clusterrole system:certificates.k8s.io:kube-apiserver-client-approver
      certificates.k8s.io | signers | approve | kubernetes.io/kube-apiserver-client
    clusterrole system:certificates.k8s.io:kube-apiserver-client-kubelet-approver
      certificates.k8s.io | signers | approve | kubernetes.io/kube-apiserver-client-kubelet
    clusterrole system:certificates.k8s.io:kubelet-serving-approver
      certificates.k8s.io | signers | approve | kubernetes.io/kubelet-serving
    clusterrole system:certificates.k8s.io:legacy-unknown-approver
      certificates.k8s.io | signers | approve | kubernetes.io/legacy-unknown
    clusterrole system:persistent-volume-provisioner
      core | persistentvolumes | read create delete
      core | persistentvolumeclaims | read update
      storage.k8s.io | storageclasses | read
      core | events | watch
      core events.k8s.io | events | create patch update

    role kube-system/extension-apiserver-authentication-reader
      core | configmaps | read | extension-apiserver-authentication
    rolebind kube-system/system::extension-apiserver-authentication-reader extension-apiserver-authentication-reader = user:system:kube-controller-manager, user:system:kube-scheduler
    role kube-system/system::leader-locking-kube-controller-manager
      coordination.k8s.io | leases leasecandidates | create get list update watch
    rolebind kube-system/system::leader-locking-kube-controller-manager = user:system:kube-controller-manager, sa:kube-system/kube-controller-manager
    role kube-system/system::leader-locking-kube-scheduler
      coordination.k8s.io | leases leasecandidates | create get list update watch
    rolebind kube-system/system::leader-locking-kube-scheduler = user:system:kube-scheduler, sa:kube-system/kube-scheduler
    role kube-system/system:controller:bootstrap-signer
      core | secrets | read
    rolebind kube-system/system:controller:bootstrap-signer = sa:kube-system/bootstrap-signer
    role kube-system/system:controller:cloud-provider
      core | configmaps | create read
    rolebind kube-system/system:controller:cloud-provider = sa:kube-system/cloud-provider
    role kube-system/system:controller:token-cleaner
      core | secrets | delete read
      core events.k8s.io | events | create patch update
    rolebind kube-system/system:controller:token-cleaner = sa:kube-system/token-cleaner
    role kube-public/system:controller:bootstrap-signer
      core | configmaps | read
      core | configmaps | update | cluster-info
      core events.k8s.io | events | create patch update
    rolebind kube-public/system:controller:bootstrap-signer = sa:kube-system/bootstrap-signer
    """
