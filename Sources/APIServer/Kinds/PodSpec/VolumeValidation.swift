import JSON
import KubernetesAPI

enum VolumeValidation {
    /// Checks the volumes of a pod.
    /// - Returns: the names of the volumes, with whether they may be block devices.
    static func validate(_ volumes: Field) -> [String: Bool] {
        var names: [String: Bool] = [:]
        volumes.each { volume in
            let name = volume["name"]
            if name.string.isEmpty { name.required() } else { name.matches(NameValidation.dns1123Label) }
            if !name.string.isEmpty {
                if names[name.string] != nil { name.duplicate(.string(name.string)) }
                names[name.string] = volume["persistentVolumeClaim"].exists || volume["ephemeral"].exists
            }
            let sources = volume.keys.filter { $0 != "name" && volume[$0].exists }
            if sources.isEmpty { volume.errors.add(FieldError(.required, volume.path, "must specify a volume type")) }
            for extra in sources.dropFirst() { volume[extra].forbidden("may not specify more than 1 volume type") }
            if let source = sources.first { validateSource(source, volume[source]) }
        }
        return names
    }

    private static func validateSource(_ kind: String, _ source: Field) {
        switch kind {
        case "hostPath":
            source["path"].required()
            if source["path"].string.split(separator: "/").contains("..") { source["path"].invalid("must not contain '..'") }
            source["type"].oneOf(["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"])
        case "emptyDir":
            ResourceRules.nonNegativeQuantity(source["sizeLimit"])
        case "secret":
            source["secretName"].required()
            mode(source["defaultMode"])
            source["items"].each(keyToPath)
        case "configMap":
            source["name"].required()
            mode(source["defaultMode"])
            source["items"].each(keyToPath)
        case "persistentVolumeClaim":
            source["claimName"].required()
        case "nfs":
            source["server"].required()
            source["path"].required()
            if !source["path"].string.isEmpty, !source["path"].string.hasPrefix("/") { source["path"].invalid("must be an absolute path") }
        case "projected":
            mode(source["defaultMode"])
            source["sources"].each(projection)
        case "downwardAPI":
            mode(source["defaultMode"])
            source["items"].each(downwardFile)
        case "csi":
            source["driver"].required()
        case "image":
            source["reference"].required()
            source["pullPolicy"].oneOf(["Always", "IfNotPresent", "Never"])
        case "ephemeral":
            source["volumeClaimTemplate"].required()
        default:
            break
        }
    }

    private static func projection(_ projection: Field) {
        let kinds = projection.keys.filter { projection[$0].exists }
        if kinds.isEmpty {
            projection.errors.add(
                FieldError(
                    .required, projection.path,
                    "must specify one of [configMap secret downwardAPI serviceAccountToken clusterTrustBundle podCertificate]"))
        }
        for extra in kinds.dropFirst() { projection[extra].forbidden("may not specify more than 1 volume type") }
        projection["secret"].ifPresent { $0["name"].required() }
        projection["configMap"].ifPresent { $0["name"].required() }
        projection["downwardAPI"]["items"].each(downwardFile)
        projection["serviceAccountToken"].ifPresent { token in
            token["path"].required()
            let seconds = token["expirationSeconds"]
            if seconds.int < 600 { seconds.invalid("may not specify a duration less than 10 minutes") }
            if seconds.int > 1 << 32 { seconds.invalid("may not specify a duration larger than 2^32 seconds") }
        }
        for kind in ["secret", "configMap"] { projection[kind]["items"].each(keyToPath) }
    }

    private static func keyToPath(_ item: Field) {
        item["key"].required()
        item["path"].required()
        filePath(item["path"])
        mode(item["mode"])
    }

    private static func downwardFile(_ item: Field) {
        item["path"].required()
        filePath(item["path"])
        mode(item["mode"])
        if !item["fieldRef"].exists, !item["resourceFieldRef"].exists {
            item.errors.add(FieldError(.required, item.path, "one of fieldRef and resourceFieldRef is required"))
        }
        if item["fieldRef"].exists, item["resourceFieldRef"].exists {
            item.invalid("fieldRef and resourceFieldRef can not be specified simultaneously")
        }
    }

    private static func filePath(_ path: Field) {
        ContainerValidation.relativePath(path)
        if path.string.hasPrefix(".."), path.string != "..", !path.string.hasPrefix("../") { path.invalid("must not start with '..'") }
    }

    private static func mode(_ mode: Field) {
        if mode.exists, !(0...0o777).contains(mode.int) { mode.invalid("must be a number between 0 and 0777 (octal), both inclusive") }
    }
}
