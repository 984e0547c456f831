import JSON
import KubernetesAPI

extension Strategy {
    static let volumeAttachment = Strategy {
        $0.emptyStatus = ["attached": false]
        $0.validate = { attachment in
            let spec = attachment["spec"]
            StorageRules.driverName(spec["attacher"])
            let source = spec["source"]
            let (volume, inline) = (source["persistentVolumeName"], source["inlineVolumeSpec"])
            if volume.exists, inline.exists {
                source.forbidden("both inlineVolumeSpec and persistentVolumeName can not be specified")
            } else if !volume.exists, !inline.exists {
                source.errors.add(
                    FieldError(.required, source.path, "must specify exactly one of inlineVolumeSpec and persistentVolumeName"))
            }
            volume.ifPresent { volume in
                if volume.string.isEmpty { volume.required("cannot be empty") } else { volume.matches(NameValidation.dns1123Subdomain) }
            }
            if spec["nodeName"].string.isEmpty { spec["nodeName"].required() } else { spec["nodeName"].matches(NameValidation.dns1123Subdomain) }
        }
        $0.validateUpdate = { $0["spec"].immutable(since: $1["spec"]) }
        $0.validateStatusUpdate = { attachment, _ in
            for name in ["attachError", "detachError"] {
                let message = attachment["status"][name]["message"]
                if message.string.utf8.count > StorageRules.messageBytesMax {
                    message.add(.tooLong, "may not be more than \(StorageRules.messageBytesMax) bytes")
                }
            }
        }
        $0.generation = [["spec"]]
        $0.table = TableView([.name, .text("Attacher"), .text("PV"), .text("Node"), .boolean("Attached"), .age]) { attachment in
            [
                .name, .value(.string(attachment.text("spec", "attacher"))),
                .value(.string(attachment.text("spec", "source", "persistentVolumeName"))), .value(.string(attachment.text("spec", "nodeName"))),
                .value(.bool(attachment.at("status", "attached")?.boolValue ?? false)), .age,
            ]
        }
    }

    static let volumeAttributesClass = Strategy {
        $0.emptyStatus = nil
        $0.validate = { object in
            StorageRules.driverName(object["driverName"])
            let parameters = object["parameters"]
            if parameters.count == 0 {
                parameters.required("must contain at least one key/value pair")
            } else if parameters.count > 512 {
                parameters.add(.tooLong, "may not be more than 512 bytes")
            }
            parameters.entries { key, value in
                if key.isEmpty { value.invalid(.string(key), "field must not be empty.") }
            }
        }
        $0.validateUpdate = { object, old in
            if object["driverName"].value != old["driverName"] { object["driverName"].forbidden("updates to driverName are forbidden.") }
            if object["parameters"].value != old["parameters"] { object["parameters"].forbidden("updates to parameters are forbidden.") }
        }
        $0.table = TableView([.name, .text("DriverName"), .age]) { [.name, .value(.string($0.text("driverName"))), .age] }
    }
}

/// Rules that several kinds of storage.k8s.io share.
enum StorageRules {
    /// The most bytes of the message of a volume error.
    static let messageBytesMax = 1024

    static func driverName(_ name: Field) {
        if name.string.isEmpty {
            name.required()
        } else {
            if name.string.utf8.count > 63 { name.add(.tooLong, "may not be more than 63 bytes") }
            name.matches { NameValidation.dns1123Subdomain($0.lowercased()) }
        }
    }
}
