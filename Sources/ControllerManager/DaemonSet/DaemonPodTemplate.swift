import AppsV1
import CoreV1
import JSON
import KubernetesAPI

extension DaemonSet {
    static let templateGenerationAnnotation = "deprecated.daemonset.template.generation"
    static let templateGenerationLabel = "pod-template-generation"

    /// The number that older servers counted templates with.
    var templateGeneration: Int64? { metadata.annotations[Self.templateGenerationAnnotation].flatMap { Int64($0) } }

    /// Taints that say a node is in trouble, which a daemon that looks after nodes must live with.
    private static let tolerated: [(key: String, effect: String)] = [
        ("node.kubernetes.io/not-ready", "NoExecute"), ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"), ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"), ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ]

    /// The template with the tolerations that all daemons have.
    var tolerantTemplate: PodTemplateSpec {
        var template = spec.template
        var tolerated = Self.tolerated
        if template.spec.hostNetwork == true { tolerated.append(("node.kubernetes.io/network-unavailable", "NoSchedule")) }
        for (key, effect) in tolerated {
            let toleration = Toleration {
                $0.key = key
                $0.operator = "Exists"
                $0.effect = effect
            }
            // One that the template has for the same taint gives way.
            let bytes = toleration.jsonBytes()
            if template.spec.tolerations.contains(where: { $0.jsonBytes() == bytes }) { continue }
            template.spec.tolerations.removeAll { $0.key == key && $0.effect == effect && $0.operator == "Exists" && $0.value == nil }
            template.spec.tolerations.append(toleration)
        }
        return template
    }

    /// The pod of this set for one node. The scheduler binds it, and can bind it nowhere else.
    func pod(from template: PodTemplateSpec, on nodeName: String, hash: String) -> Pod {
        var template = template
        if let templateGeneration { template.metadata.labels[Self.templateGenerationLabel] = "\(templateGeneration)" }
        template.metadata.labels[ControllerRevision.hashLabel] = hash
        var affinity = template.spec.affinity ?? Affinity()
        var nodeAffinity = affinity.nodeAffinity ?? NodeAffinity()
        // The set's own demands were looked at when the node was chosen.
        nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector {
            $0.nodeSelectorTerms = [
                NodeSelectorTerm {
                    $0.matchFields = [
                        NodeSelectorRequirement {
                            $0.key = "metadata.name"
                            $0.operator = "In"
                            $0.values = [nodeName]
                        }
                    ]
                }
            ]
        }
        affinity.nodeAffinity = nodeAffinity
        template.spec.affinity = affinity
        return Pod(template: template, owner: self)
    }
}

extension Pod {
    /// The node that the pod is on, or that it is meant for while it waits for the scheduler.
    var targetNodeName: String? {
        if let name = spec.nodeName, !name.isEmpty { return name }
        let terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
        for term in terms {
            for field in term.matchFields where field.key == "metadata.name" && field.operator == "In" {
                if field.values.count == 1 { return field.values[0] }
            }
        }
        return nil
    }
}
