/// The fields that Kubernetes' structs hold by value and not by pointer, so that every object of the type has them. Only those that are not inside
/// lists or optional parts are told, since nobody asks about others.
enum EmbeddedFields {
    static func contains(_ field: some StringProtocol, of type: String) -> Bool {
        switch field {
        case "metadata", "spec", "status": true
        case "template": type != "core.v1.ReplicationControllerSpec"
        default: others.contains("\(type).\(field)")
        }
    }

    private static let others: Set<String> = [
        "apps.v1.DaemonSetSpec.updateStrategy", "apps.v1.DeploymentSpec.strategy", "apps.v1.StatefulSetSpec.updateStrategy",
        "autoscaling.v1.HorizontalPodAutoscalerSpec.scaleTargetRef", "autoscaling.v2.HorizontalPodAutoscalerSpec.scaleTargetRef",
        "batch.v1.CronJobSpec.jobTemplate", "core.v1.Event.involvedObject", "core.v1.Event.source", "core.v1.NodeDaemonEndpoints.kubeletEndpoint",
        "core.v1.NodeStatus.daemonEndpoints", "core.v1.NodeStatus.nodeInfo", "core.v1.PersistentVolumeClaimSpec.resources",
        "core.v1.ServiceStatus.loadBalancer", "events.v1.Event.deprecatedSource", "events.v1.Event.regarding",
        "flowcontrol.v1.FlowSchemaSpec.priorityLevelConfiguration", "networking.v1.IngressStatus.loadBalancer",
        "networking.v1.NetworkPolicySpec.podSelector", "rbac.v1.ClusterRoleBinding.roleRef", "rbac.v1.RoleBinding.roleRef",
        "resource.v1.ResourceClaimSpec.devices", "resource.v1.ResourceSliceSpec.pool", "storage.v1.VolumeAttachmentSpec.source",
    ]
}
