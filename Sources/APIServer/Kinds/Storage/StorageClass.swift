import JSON
import KubernetesAPI

extension Strategy {
    static let storageClass = Strategy {
        $0.emptyStatus = nil
        $0.defaults = { storage in
            storage.setDefaultString("reclaimPolicy", "Delete")
            storage.setDefaultString("volumeBindingMode", "Immediate")
        }
        $0.validate = { storage in
            if storage["provisioner"].string.isEmpty {
                storage["provisioner"].required()
            } else {
                storage["provisioner"].matches { NameValidation.qualifiedName($0.lowercased()) }
            }
            storage["reclaimPolicy"].oneOf(["Delete", "Retain"])
            storage["volumeBindingMode"].requiredOneOf(["Immediate", "WaitForFirstConsumer"])
            storage["parameters"].entries { key, value in
                if key.isEmpty { value.invalid(.string(key), "field must not be empty.") }
            }
        }
        $0.validateUpdate = { storage, old in
            if storage["parameters"].value != old["parameters"] { storage["parameters"].forbidden("updates to parameters are forbidden.") }
            if storage["provisioner"].value != old["provisioner"] { storage["provisioner"].forbidden("updates to provisioner are forbidden.") }
            if storage["reclaimPolicy"].value != old["reclaimPolicy"] {
                storage["reclaimPolicy"].forbidden("updates to reclaimPolicy are forbidden.")
            }
            storage["volumeBindingMode"].immutable(since: old["volumeBindingMode"])
        }
        $0.table = TableView([
            .name, .text("Provisioner"), .text("ReclaimPolicy"), .text("VolumeBindingMode"), .text("AllowVolumeExpansion"), .age,
        ]) { storage in
            // kubectl shows the default class by its name.
            let isDefault = storage.at("metadata", "annotations", "storageclass.kubernetes.io/is-default-class")?.stringValue == "true"
            let name = storage.text("metadata", "name")
            return [
                .value(.string(isDefault ? name + " (default)" : name)), .value(.string(storage.text("provisioner"))),
                .value(.string(storage.text("reclaimPolicy"))), .value(.string(storage.text("volumeBindingMode"))),
                .value(.bool(storage["allowVolumeExpansion"]?.boolValue ?? false)), .age,
            ]
        }
    }
}
