import JSON
import KubernetesAPI

extension Strategy {
    static let persistentVolume = Strategy {
        $0.returnsDeleted = true
        $0.defaults = { volume in
            volume.editOrMake("spec") { spec in
                spec.setDefaultString("persistentVolumeReclaimPolicy", "Retain")
                spec.setDefaultString("volumeMode", "Filesystem")
                spec.edit("hostPath") { $0.setDefault("type", "") }
            }
        }
        $0.emptyStatus = ["phase": "Pending"]
        $0.validate = { volume in
            let spec = volume["spec"]
            accessModes(spec["accessModes"])
            if spec["capacity"].count == 0 { spec["capacity"].required() }
            spec["capacity"].entries { _, amount in
                if let quantity = ResourceRules.quantity(amount.value), quantity <= Quantity() { amount.invalid("must be greater than zero") }
            }
            spec["persistentVolumeReclaimPolicy"].oneOf(["Delete", "Recycle", "Retain"])
            spec["volumeMode"].oneOf(["Block", "Filesystem"])
            let known: Set<String> = [
                "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions", "volumeMode",
                "nodeAffinity",
                "volumeAttributesClassName",
            ]
            if spec.keys.allSatisfy({ known.contains($0) }) { spec.errors.add(FieldError(.required, spec.path, "must specify a volume type")) }
            spec["nodeAffinity"].ifPresent { AffinityValidation.nodeSelector($0["required"]) }
        }
        $0.validateUpdate = { volume, old in
            let sources: Set<String> = [
                "hostPath", "local", "nfs", "csi", "iscsi", "fc", "cephfs", "rbd", "glusterfs", "flexVolume", "azureDisk", "azureFile",
                "awsElasticBlockStore", "gcePersistentDisk", "vsphereVolume",
            ]
            for source in sources where volume["spec"][source].value != old.at("spec", source) {
                volume["spec"]["persistentvolumesource"].forbidden("spec.persistentvolumesource is immutable after creation")
            }
            volume["spec"]["volumeMode"].immutable(since: old.at("spec", "volumeMode"))
        }
        $0.selectableFields = ["name": { $0.text("metadata", "name") }]
        $0.table = TableView([
            .name, .text("Capacity"), .text("Access Modes"), .text("Reclaim Policy"), .text("Status"), .text("Claim"), .text("StorageClass"),
            .text("VolumeAttributesClass"), .text("Reason"), .age, .text("VolumeMode", wide: true),
        ]) { volume in
            let claim = volume.at("spec", "claimRef")
            let phase = volume.text("metadata", "deletionTimestamp").isEmpty ? volume.text("status", "phase") : "Terminating"
            let attributes = volume.text("spec", "volumeAttributesClassName")
            return [
                .name, .value(.string(VolumeTable.amount(volume.at("spec", "capacity", "storage")))),
                .value(.string(VolumeTable.modes(volume.list("spec", "accessModes")))),
                .value(.string(volume.text("spec", "persistentVolumeReclaimPolicy"))), .value(.string(phase)),
                .value(.string(claim.map { "\($0.text("namespace"))/\($0.text("name"))" } ?? "")),
                .value(.string(volume.text("spec", "storageClassName"))), .value(.string(attributes.isEmpty ? "<unset>" : attributes)),
                .value(.string(volume.text("status", "reason"))), .age, .value(.string(volume.text("spec", "volumeMode"))),
            ]
        }
    }

    static let persistentVolumeClaim = Strategy {
        $0.returnsDeleted = true
        $0.defaults = { claim in claim.editOrMake("spec", VolumeDefaults.claimSpec) }
        $0.emptyStatus = ["phase": "Pending"]
        $0.validate = { claim in
            let spec = claim["spec"]
            accessModes(spec["accessModes"])
            let storage = spec["resources"]["requests"]["storage"]
            if !storage.exists {
                storage.errors.add(FieldError(.required, .entry(spec["resources"].path, "storage")))
            } else if let amount = ResourceRules.quantity(storage.value), amount <= Quantity() {
                storage.errors.add(FieldError(.invalid, .entry(spec["resources"].path, "storage"), value: storage.value, "must be greater than zero"))
            }
            spec["volumeMode"].oneOf(["Block", "Filesystem"])
            LabelRules.selector(spec["selector"])
            if !spec["storageClassName"].string.isEmpty { spec["storageClassName"].matches(NameValidation.dns1123Subdomain) }
        }
        $0.validateUpdate = { claim, old in
            // A bound claim can only grow; a claim without class may still be given one by the controller.
            var rest = claim["spec"].value ?? [:]
            let before = old["spec"] ?? [:]
            rest.take("resources", from: before)
            rest.take("volumeAttributesClassName", from: before)
            if before.text("volumeName").isEmpty { rest.take("volumeName", from: before) }
            if before["storageClassName"] == nil { rest.take("storageClassName", from: before) }
            if rest != before {
                claim["spec"].forbidden(
                    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims")
            }
            let now = ResourceRules.quantity(claim["spec"]["resources"]["requests"]["storage"].value)
            let then = ResourceRules.quantity(before.at("resources", "requests", "storage"))
            if let now, let then, now < then {
                claim["spec"]["resources"]["requests"]["storage"].forbidden("field can not be less than status.capacity")
            }
        }
        $0.selectableFields = ["name": { $0.text("metadata", "name") }]
        $0.table = TableView([
            .name, .text("Status"), .text("Volume"), .text("Capacity"), .text("Access Modes"), .text("StorageClass"), .text("VolumeAttributesClass"),
            .age,
            .text("VolumeMode", wide: true),
        ]) { claim in
            let bound = !claim.text("spec", "volumeName").isEmpty
            let phase = claim.text("metadata", "deletionTimestamp").isEmpty ? claim.text("status", "phase") : "Terminating"
            let attributes = claim.text("spec", "volumeAttributesClassName")
            return [
                .name, .value(.string(phase)), .value(.string(claim.text("spec", "volumeName"))),
                .value(.string(bound ? VolumeTable.amount(claim.at("status", "capacity", "storage")) : "")),
                .value(.string(bound ? VolumeTable.modes(claim.list("status", "accessModes")) : "")),
                .value(.string(claim.text("spec", "storageClassName"))), .value(.string(attributes.isEmpty ? "<unset>" : attributes)), .age,
                .value(.string(claim.text("spec", "volumeMode"))),
            ]
        }
    }

    private static func accessModes(_ modes: Field) {
        if modes.count == 0 { modes.errors.add(FieldError(.required, modes.path, "at least 1 access mode is required")) }
        modes.each { $0.oneOf(["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]) }
    }
}

enum VolumeTable {
    static func amount(_ value: JSONValue?) -> String { ResourceRules.quantity(value)?.description ?? "" }

    static func modes(_ modes: [JSONValue]) -> String {
        let short = ["ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"]
        let given = modes.compactMap(\.stringValue)
        return ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"].filter(given.contains).compactMap { short[$0] }.joined(
            separator: ",")
    }
}
