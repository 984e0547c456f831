import JSON
import KubernetesAPI

extension Strategy {
    static let pod = Strategy {
        $0.warnings = PodWarnings.inObject(at: [])
        $0.returnsDeleted = true
        $0.defaults = { pod in
            pod.editOrMake("spec") { spec in
                PodSpecDefaults.apply(&spec)
                PodSpecDefaults.applyToPod(&spec)
            }
        }
        $0.emptyStatus = nil
        $0.prepareCreate = { pod, _ in
            var status: JSONValue = ["phase": "Pending", "qosClass": .string(PodQuality.class(of: pod["spec"] ?? [:]))]
            if !pod.list("spec", "schedulingGates").isEmpty {
                status["conditions"] = [
                    [
                        "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
                        "message": "Scheduling is blocked due to non-empty scheduling gates",
                    ]
                ]
            }
            pod["status"] = status
        }
        $0.prepareUpdate = { pod, old, _ in pod["status"] = old["status"] }
        $0.validate = { pod in
            PodSpecValidation.validate(pod["spec"])
            if pod["spec"]["ephemeralContainers"].count > 0, !pod["metadata"]["generation"].exists || pod["metadata"]["generation"].int <= 1 {
                // A new pod can't have them; an old one keeps those it was given through the subresource.
                if pod["metadata"]["resourceVersion"].isEmpty, pod["spec"]["nodeName"].isEmpty {
                    pod["spec"]["ephemeralContainers"].forbidden("cannot be set on create")
                }
            }
        }
        $0.validateUpdate = PodUpdate.validate
        $0.prepareStatusUpdate = { pod, old in
            pod.editOrMake("metadata") { metadata in
                metadata.take("ownerReferences", from: old["metadata"] ?? [:])
                metadata.take("deletionTimestamp", from: old["metadata"] ?? [:])
            }
            pod.editOrMake("status") { $0["qosClass"] = old.at("status", "qosClass") ?? .string(PodQuality.class(of: old["spec"] ?? [:])) }
        }
        $0.generation = [["spec"]]
        $0.gracePeriod = PodDeletion.gracePeriod
        $0.updateSubresources = [
            "ephemeralcontainers": UpdateSubresource(prepare: PodUpdate.prepareEphemeralContainers, validate: PodUpdate.validateEphemeralContainers),
            "resize": UpdateSubresource(prepare: PodUpdate.prepareResize, validate: PodUpdate.validateResize),
        ]
        $0.selectableFields = [
            "spec.nodeName": { $0.text("spec", "nodeName") },
            "spec.restartPolicy": { $0.text("spec", "restartPolicy") },
            "spec.schedulerName": { $0.text("spec", "schedulerName") },
            "spec.serviceAccountName": { $0.text("spec", "serviceAccountName") },
            "spec.hostNetwork": { $0.at("spec", "hostNetwork")?.boolValue == true ? "true" : "false" },
            "status.phase": { $0.text("status", "phase") },
            "status.podIP": { $0.text("status", "podIP") },
            "status.nominatedNodeName": { $0.text("status", "nominatedNodeName") },
        ]
        $0.table = .pod
    }
}

/// How long a deleted pod may take to end.
enum PodDeletion {
    @Sendable static func gracePeriod(_ pod: JSONValue, requested: Int64?) -> Int64 {
        var period = requested ?? pod.at("spec", "terminationGracePeriodSeconds")?.integerValue ?? 30
        if requested == nil || period < 0 {
            // A negative period in the object means the least there is.
            period = requested == nil ? max(period, period < 0 ? 1 : 0) : 1
        }
        // Nobody is running a pod without a node, and a pod that has ended needs no time.
        if pod.text("spec", "nodeName").isEmpty { return 0 }
        let phase = pod.text("status", "phase")
        if phase == "Failed" || phase == "Succeeded" { return 0 }
        return period
    }
}

/// The quality of service class, from what the containers ask for and are limited to.
enum PodQuality {
    static func `class`(of spec: JSONValue) -> String {
        if let resources = spec["resources"], !(resources["requests"]?.isZero ?? true) || !(resources["limits"]?.isZero ?? true) {
            return judge([resources])
        }
        let containers = spec.list("containers") + spec.list("initContainers")
        return judge(containers.map { $0["resources"] ?? [:] })
    }

    private static func judge(_ resources: [JSONValue]) -> String {
        var asksForAnything = false
        var guaranteed = true
        for resource in resources {
            for name in ["cpu", "memory"] {
                let request = amount(resource.at("requests", name))
                let limit = amount(resource.at("limits", name))
                if request != nil || limit != nil { asksForAnything = true }
                guard let limit else {
                    guaranteed = false
                    continue
                }
                if let request, request != limit { guaranteed = false }
            }
        }
        if !asksForAnything { return "BestEffort" }
        return guaranteed ? "Guaranteed" : "Burstable"
    }

    /// nil when absent or zero, which ask for nothing.
    private static func amount(_ value: JSONValue?) -> Quantity? {
        guard let quantity = ResourceRules.quantity(value), quantity > Quantity() else { return nil }
        return quantity
    }
}
