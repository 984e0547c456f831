import JSON
import KubernetesAPI

extension Strategy {
    static let csiDriver = Strategy {
        $0.emptyStatus = nil
        $0.name = { name in
            let complaints = NameValidation.dns1123Subdomain(name.lowercased())
            return name.utf8.count > 63 ? complaints + ["must be no more than 63 bytes"] : complaints
        }
        $0.defaults = { driver in
            driver.editOrMake("spec") { spec in
                spec.setDefault("attachRequired", true)
                spec.setDefault("podInfoOnMount", false)
                spec.setDefault("storageCapacity", false)
                spec.setDefaultString("fsGroupPolicy", "ReadWriteOnceWithFSType")
                spec.setDefault("volumeLifecycleModes", ["Persistent"])
                spec.setDefault("requiresRepublish", false)
                spec.setDefault("seLinuxMount", false)
            }
        }
        $0.validate = { driver in
            let spec = driver["spec"]
            spec["volumeLifecycleModes"].each { $0.oneOf(["Ephemeral", "Persistent"]) }
            spec["fsGroupPolicy"].oneOf(["File", "None", "ReadWriteOnceWithFSType"])
            var audiences: Set<String> = []
            spec["tokenRequests"].each { request in
                let audience = request["audience"]
                if !audiences.insert(audience.string).inserted { audience.duplicate(.string(audience.string)) }
                request["expirationSeconds"].ifPresent { seconds in
                    if seconds.int < 600 { seconds.invalid("may not specify a duration less than 10 minutes") }
                    if seconds.int > 1 << 32 { seconds.invalid("may not specify a duration larger than 2^32 seconds") }
                }
            }
            spec["nodeAllocatableUpdatePeriodSeconds"].ifPresent { seconds in
                if seconds.int < 10 { seconds.invalid("must be greater than or equal to 10 seconds") }
            }
        }
        $0.validateUpdate = { driver, old in
            for field in ["attachRequired", "volumeLifecycleModes"] { driver["spec"][field].immutable(since: old.at("spec", field)) }
        }
        $0.generation = [["spec"]]
        $0.table = TableView([
            .name, .boolean("AttachRequired"), .boolean("PodInfoOnMount"), .boolean("StorageCapacity"), .text("TokenRequests"),
            .boolean("RequiresRepublish"), .text("Modes"), .age,
        ]) { driver in
            let spec = driver["spec"] ?? [:]
            let tokens = spec.list("tokenRequests").map { $0.text("audience") }.joined(separator: ",")
            return [
                .name, .value(.bool(spec["attachRequired"]?.boolValue ?? true)), .value(.bool(spec["podInfoOnMount"]?.boolValue ?? false)),
                .value(.bool(spec["storageCapacity"]?.boolValue ?? false)), .value(.string(tokens.isEmpty ? "<unset>" : tokens)),
                .value(.bool(spec["requiresRepublish"]?.boolValue ?? false)),
                .value(.string(spec.list("volumeLifecycleModes").compactMap(\.stringValue).joined(separator: ","))), .age,
            ]
        }
    }

    static let csiNode = Strategy {
        $0.emptyStatus = nil
        $0.validate = { node in
            var names: Set<String> = []
            node["spec"]["drivers"].each { driver in
                StorageRules.driverName(driver["name"])
                let (name, id) = (driver["name"], driver["nodeID"])
                if !names.insert(name.string).inserted { name.duplicate(.string(name.string)) }
                if id.string.isEmpty { id.required() } else { id.maxLength(256) }
                driver["allocatable"]["count"].ifPresent { if $0.int < 0 { $0.invalid("must be greater than or equal to 0") } }
                var keys: Set<String> = []
                driver["topologyKeys"].each { key in
                    if key.string.isEmpty { key.required() } else if !keys.insert(key.string).inserted { key.duplicate(.string(key.string)) }
                    key.matchesUnlessEmpty(NameValidation.qualifiedName)
                }
            }
        }
        $0.validateUpdate = { node, old in
            // A driver's entry goes or comes as a whole; only what it can hold changes.
            let former = Dictionary(old.list("spec", "drivers").map { ($0.text("name"), $0) }, uniquingKeysWith: { first, _ in first })
            node["spec"]["drivers"].each { driver in
                guard let before = former[driver["name"].string] else { return }
                for field in ["nodeID", "topologyKeys"] where driver[field].value != before[field] { driver[field].invalid("field is immutable") }
            }
        }
        $0.table = TableView([.name, .integer("Drivers"), .age]) { [.name, .integer(Int64($0.list("spec", "drivers").count)), .age] }
    }

    static let csiStorageCapacity = Strategy {
        $0.emptyStatus = nil
        $0.validate = { capacity in
            let name = capacity["storageClassName"]
            if name.string.isEmpty { name.required() } else { name.matches(NameValidation.dns1123Subdomain) }
            LabelRules.selector(capacity["nodeTopology"])
            for field in ["capacity", "maximumVolumeSize"] where capacity[field].exists { ResourceRules.nonNegativeQuantity(capacity[field]) }
        }
        $0.validateUpdate = { capacity, old in
            for field in ["nodeTopology", "storageClassName"] { capacity[field].immutable(since: old[field]) }
        }
        $0.table = TableView([.name, .text("StorageClassName"), .text("Capacity"), .age]) { capacity in
            let size = capacity.text("capacity")
            return [.name, .value(.string(capacity.text("storageClassName"))), .value(.string(size.isEmpty ? "<unset>" : size)), .age]
        }
    }
}
