import JSON

enum VolumeDefaults {
    private static let readableMode: JSONValue = 420

    static func apply(_ volume: inout JSONValue) {
        let hasSource = volume.objectValue?.contains { $0.key != "name" && !$0.value.isNull } ?? false
        if !hasSource { volume["emptyDir"] = [:] }
        volume.edit("secret") { $0.setDefault("defaultMode", readableMode) }
        volume.edit("configMap") { $0.setDefault("defaultMode", readableMode) }
        volume.edit("downwardAPI", downwardAPI)
        volume.edit("projected", projected)
        volume.edit("hostPath") { $0.setDefault("type", "") }
        volume.edit("image") { image in
            let reference = image.text("reference")
            image.setDefaultString("pullPolicy", ContainerDefaults.pullPolicy(forImage: reference))
        }
        volume.edit("iscsi") { $0.setDefaultString("iscsiInterface", "default") }
        volume.edit("azureDisk") { disk in
            disk.setDefaultString("cachingMode", "ReadWrite")
            disk.setDefaultString("kind", "Shared")
            disk.setDefaultString("fsType", "ext4")
            disk.setDefault("readOnly", false)
        }
        volume.edit("rbd") { rbd in
            rbd.setDefaultString("pool", "rbd")
            rbd.setDefaultString("user", "admin")
            rbd.setDefaultString("keyring", "/etc/ceph/keyring")
        }
        volume.edit("scaleIO") { scaleIO in
            scaleIO.setDefaultString("storageMode", "ThinProvisioned")
            scaleIO.setDefaultString("fsType", "xfs")
        }
        volume.edit("ephemeral") { ephemeral in
            ephemeral.edit("volumeClaimTemplate") { $0.editOrMake("spec", claimSpec) }
        }
    }

    static func claimSpec(_ spec: inout JSONValue) {
        spec.setDefault("resources", [:])
        spec.setDefaultString("volumeMode", "Filesystem")
    }

    private static func downwardAPI(_ source: inout JSONValue) {
        source.setDefault("defaultMode", readableMode)
        downwardItems(&source)
    }

    private static func downwardItems(_ source: inout JSONValue) {
        source.editEach("items") { item in
            item.edit("fieldRef") { $0.setDefaultString("apiVersion", "v1") }
            item.edit("resourceFieldRef") { $0.setDefault("divisor", "0") }
        }
    }

    private static func projected(_ source: inout JSONValue) {
        source.setDefault("defaultMode", readableMode)
        source.editEach("sources") { projection in
            projection.edit("downwardAPI", downwardItems)
            projection.edit("serviceAccountToken") { $0.setDefault("expirationSeconds", 3600) }
        }
    }
}
