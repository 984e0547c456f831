import JSON

/// Fills in what a pod's specification leaves out. Used by Pod and by every kind with a pod template.
enum PodSpecDefaults {
    static func apply(_ spec: inout JSONValue) {
        spec.setDefaultString("dnsPolicy", "ClusterFirst")
        spec.setDefaultString("restartPolicy", "Always")
        spec.setDefault("securityContext", [:])
        spec.setDefault("terminationGracePeriodSeconds", 30)
        spec.setDefaultString("schedulerName", "default-scheduler")
        mirrorServiceAccount(&spec)
        for list in ["initContainers", "containers", "ephemeralContainers"] { spec.editEach(list, ContainerDefaults.apply) }
        spec.editEach("volumes", VolumeDefaults.apply)
    }

    /// A pod template: its specification, and the member that a typed object always shows.
    static func applyToTemplate(_ template: inout JSONValue) {
        template.setDefault("metadata", [:])
        template.editOrMake("spec", apply)
    }

    /// What holds for a Pod but not for a template: it is about to run, so nothing may stay open.
    static func applyToPod(_ spec: inout JSONValue) {
        spec.setDefault("enableServiceLinks", true)
        for list in ["initContainers", "containers"] { spec.editEach(list, ContainerDefaults.requestsFromLimits) }
        if spec["resources"] != nil { ContainerDefaults.requestsFromLimits(&spec) }
        if spec["hostNetwork"]?.boolValue == true {
            for list in ["initContainers", "containers"] { spec.editEach(list, hostPortsFromContainerPorts) }
        }
    }

    /// `serviceAccount` is the old name of `serviceAccountName`; objects show both.
    static func mirrorServiceAccount(_ spec: inout JSONValue) {
        let name = spec.text("serviceAccountName")
        if !name.isEmpty {
            spec["serviceAccount"] = .string(name)
        } else if !spec.text("serviceAccount").isEmpty {
            spec["serviceAccountName"] = spec["serviceAccount"]
        }
    }

    private static func hostPortsFromContainerPorts(_ container: inout JSONValue) {
        container.editEach("ports") { port in
            if port.number("hostPort") == 0 { port["hostPort"] = port["containerPort"] }
        }
    }
}
