/// The rights of each controller, in the form of `defaultPolicyText`. `controller NAME` begins the ClusterRole `system:controller:NAME`, which is
/// bound to the service account `NAME` in `kube-system`. Names and rights are upstream's.
let controllerPolicyText = """
    controller attachdetach-controller
      core | persistentvolumeclaims persistentvolumes | list watch
      core | nodes | read
      core | nodes/status | patch update
      core | pods | list watch
      events
      storage.k8s.io | volumeattachments | create delete read
      storage.k8s.io | csidrivers | read
      storage.k8s.io | csinodes | read
    controller certificate-controller
      certificates.k8s.io | certificatesigningrequests | delete read
      certificates.k8s.io | certificatesigningrequests/approval certificatesigningrequests/status | update
      certificates.k8s.io | signers | approve | kubernetes.io/kube-apiserver-client-kubelet
      certificates.k8s.io | signers | sign | kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown
      authorization.k8s.io | subjectaccessreviews | create
      events
    controller clusterrole-aggregation-controller
      rbac.authorization.k8s.io | clusterroles | escalate read patch update
    controller cronjob-controller
      batch | cronjobs | read update
      batch | jobs | create delete read patch update
      batch | cronjobs/status | update
      batch | cronjobs/finalizers | update
      core | pods | delete list watch
      events
    controller daemon-set-controller
      apps extensions | daemonsets | read
      apps extensions | daemonsets/status | update
      apps extensions | daemonsets/finalizers | update
      core | nodes | list watch
      core | pods | create delete list patch watch
      core | pods/binding | create
      apps | controllerrevisions | create delete read patch update
      events
    controller deployment-controller
      apps extensions | deployments | read update
      apps extensions | deployments/status | update
      apps extensions | deployments/finalizers | update
      apps extensions | replicasets | create delete read patch update
      core | pods | read update
      events
    controller device-taint-eviction-controller
      core | pods | delete read
      core | pods/status | patch update
      resource.k8s.io | resourceclaims | read
      resource.k8s.io | resourceslices | read
      resource.k8s.io | deviceclasses | read
      events
    controller disruption-controller
      apps extensions | deployments | read
      apps extensions | replicasets | read
      core | replicationcontrollers | read
      policy | poddisruptionbudgets | read
      apps | statefulsets | read
      policy | poddisruptionbudgets/status | update
      core | pods/status | patch update
      * | */scale | get
      events
    controller endpoint-controller
      core | pods services | read
      core | endpoints | create delete read update
      core | endpoints/restricted | create
      events
    controller endpointslice-controller
      core | nodes pods services | read
      core | services/finalizers | update
      discovery.k8s.io | endpointslices | create delete read update
      events
    controller endpointslicemirroring-controller
      core | endpoints services | read
      core | services/finalizers | update
      core | endpoints/finalizers | update
      discovery.k8s.io | endpointslices | create delete read update
      events
    controller ephemeral-volume-controller
      core | pods | read
      core | pods/finalizers | update
      core | persistentvolumeclaims | create read
      events
    controller expand-controller
      core | persistentvolumes | read patch update
      core | persistentvolumeclaims/status | patch update
      core | persistentvolumeclaims | read
      events
    controller generic-garbage-collector
      * | * | delete read patch update
      events
    controller horizontal-pod-autoscaler
      autoscaling | horizontalpodautoscalers | read
      autoscaling | horizontalpodautoscalers/status | update
      * | */scale | get update
      core | pods | list watch
      metrics.k8s.io | pods | list watch
      custom.metrics.k8s.io | * | read
      external.metrics.k8s.io | * | read
      events
    controller job-controller
      batch | jobs | read patch update
      batch | jobs/status | update
      batch | jobs/finalizers | update
      core | pods | create delete list patch watch
      events
    controller legacy-service-account-token-cleaner
      core | configmaps | get | kube-apiserver-legacy-service-account-token-tracking
      core | secrets | delete patch
    controller namespace-controller
      core | namespaces | delete read
      core | namespaces/finalize namespaces/status | update
      * | * | delete deletecollection read
    controller node-controller
      core | nodes | delete read patch update
      core | nodes/status | patch update
      core | pods/status | patch update
      core | pods | delete read
      events
    controller persistent-volume-binder
      core | persistentvolumes | create delete read update
      core | persistentvolumes/status | update
      core | persistentvolumeclaims | read update
      core | persistentvolumeclaims/status | update
      core | pods | create delete read
      storage.k8s.io | storageclasses | read
      core | nodes | list watch
      events
      core | events | watch
    controller pod-garbage-collector
      core | pods | delete list watch
      core | nodes | read
      core | pods/status | patch
    controller pv-protection-controller
      core | persistentvolumes | read update
      events
    controller pvc-protection-controller
      core | persistentvolumeclaims | read update
      core | persistentvolumeclaims/status | update
      core | pods | read
      events
    controller replicaset-controller
      apps extensions | replicasets | read update
      apps extensions | replicasets/status | update
      apps extensions | replicasets/finalizers | update
      core | pods | create delete list patch watch
      events
    controller replication-controller
      core | replicationcontrollers | read update
      core | replicationcontrollers/status | update
      core | replicationcontrollers/finalizers | update
      core | pods | create delete list patch watch
      events
    controller resource-claim-controller
      core | pods | read
      core | pods/finalizers | update
      resource.k8s.io | resourceclaims | create delete read
      resource.k8s.io | resourceclaims resourceclaims/status | patch update
      core | pods/status | patch update
      events
      resource.k8s.io | resourceclaims/binding | patch update
    controller resourcequota-controller
      * | * | list watch
      core | resourcequotas/status | update
      events
    controller root-ca-cert-publisher
      core | configmaps | create update
      events
    controller route-controller
      core | nodes | list watch
      core | nodes/status | patch
      events
    controller selinux-warning-controller
      events
      core | persistentvolumes | read
      core | persistentvolumeclaims | read
      core | pods | read
      storage.k8s.io | csidrivers | read
    controller service-account-controller
      core | serviceaccounts | create
      events
    controller service-cidrs-controller
      networking.k8s.io | servicecidrs | read patch update
      networking.k8s.io | servicecidrs/finalizers | patch update
      networking.k8s.io | servicecidrs/status | patch update
      networking.k8s.io | ipaddresses | read
      events
    controller service-controller
      core | services | read
      core | services/status | patch update
      core | nodes | list watch
      events
    controller statefulset-controller
      core | pods | list watch
      apps | statefulsets | read
      apps | statefulsets/status | update
      apps | statefulsets/finalizers | update
      core | pods | create delete get patch update
      apps | controllerrevisions | create delete read patch update
      core | persistentvolumeclaims | create read
      core | persistentvolumeclaims | delete update
      core | pods/finalizers | update
      events
    controller ttl-after-finished-controller
      batch | jobs | delete read
      events
    controller ttl-controller
      core | nodes | list patch update watch
      events
    controller validatingadmissionpolicy-status-controller
      admissionregistration.k8s.io | validatingadmissionpolicies | read
      admissionregistration.k8s.io | validatingadmissionpolicies/status | get patch update
      events
    controller volumeattributesclass-protection-controller
      core | persistentvolumeclaims | read
      core | persistentvolumes | read
      storage.k8s.io | volumeattributesclasses | read update
      events
    """

/// The same for a server of PodCertificateRequests.
let podCertificatePolicyText = """
    controller podcertificaterequestcleaner
      certificates.k8s.io | podcertificaterequests | delete read
    """
