import JSON
import KubernetesAPI

extension Strategy {
    static let resourceClaim = Strategy {
        $0.defaults = { claim in claim.edit("spec", DeviceRules.claimDefaults) }
        $0.validate = { DeviceRules.claim($0["spec"]) }
        $0.validateUpdate = { $0["spec"].immutable(since: $1["spec"]) }
        $0.validateStatusUpdate = { claim, old in
            let reserved = claim["status"]["reservedFor"]
            if reserved.count > 256 { reserved.maxItems(256) }
            if reserved.count > 0, !claim["status"]["allocation"].exists {
                claim["status"]["reservedFor"].forbidden("may not be specified when `allocated` is not set")
            }
            if let before = old.at("status", "allocation"), claim["status"]["allocation"].exists {
                claim["status"]["allocation"].immutable(since: before)
            }
        }
        $0.generation = [["spec"]]
        $0.table = TableView([.name, .text("State"), .age]) { claim in
            var states: [String] = []
            if !claim.text("metadata", "deletionTimestamp").isEmpty { states.append("deleted") }
            if let allocation = claim.at("status", "allocation"), !allocation.isNull {
                states.append("allocated")
                states.append(claim.list("status", "reservedFor").isEmpty ? "" : "reserved")
            } else {
                states.append("pending")
            }
            return [.name, .value(.string(states.filter { !$0.isEmpty }.joined(separator: ","))), .age]
        }
    }

    static let resourceClaimTemplate = Strategy {
        $0.emptyStatus = nil
        $0.defaults = { template in template.edit("spec") { $0.edit("spec", DeviceRules.claimDefaults) } }
        $0.validate = { template in
            LabelRules.labels(template["spec"]["metadata"]["labels"])
            LabelRules.annotations(template["spec"]["metadata"]["annotations"])
            DeviceRules.claim(template["spec"]["spec"])
        }
        $0.validateUpdate = { $0["spec"].immutable(since: $1["spec"]) }
    }

    static let deviceClass = Strategy {
        $0.emptyStatus = nil
        $0.validate = { object in
            DeviceRules.selectors(object["spec"]["selectors"])
            object["spec"]["config"].maxItems(32).each(DeviceRules.configuration)
        }
        $0.generation = [["spec"]]
    }

    static let resourceSlice = Strategy {
        $0.emptyStatus = nil
        $0.validate = { slice in
            let spec = slice["spec"]
            DeviceRules.driver(spec["driver"])
            DeviceRules.pool(spec["pool"]["name"])
            if spec["pool"]["resourceSliceCount"].int <= 0 { spec["pool"]["resourceSliceCount"].invalid("must be greater than zero") }
            if spec["pool"]["generation"].int < 0 { spec["pool"]["generation"].invalid("must be greater than or equal to zero") }
            let chosen = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"].filter { spec[$0].exists && !spec[$0].isEmpty }
            if chosen.isEmpty {
                spec.errors.add(
                    FieldError(
                        .required, spec.path,
                        "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"))
            } else if chosen.count > 1 {
                spec.invalid(
                    "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set")
            }
            if !spec["nodeName"].isEmpty { spec["nodeName"].matches(NameValidation.dns1123Subdomain) }
            var names: Set<String> = []
            spec["devices"].maxItems(128).each { device in
                let name = device["name"]
                if name.string.isEmpty { name.required() } else { name.matches(NameValidation.dns1123Label) }
                if !names.insert(name.string).inserted { name.duplicate(.string(name.string)) }
            }
        }
        $0.validateUpdate = { slice, old in
            slice["spec"]["pool"]["name"].immutable(since: old.at("spec", "pool", "name"))
            slice["spec"]["driver"].immutable(since: old.at("spec", "driver"))
            slice["spec"]["nodeName"].immutable(since: old.at("spec", "nodeName"))
        }
        $0.generation = [["spec"]]
        $0.selectableFields = ["spec.nodeName": { $0.text("spec", "nodeName") }, "spec.driver": { $0.text("spec", "driver") }]
        $0.table = TableView([.name, .text("Node"), .text("Driver"), .text("Pool"), .age]) { slice in
            let node = slice.text("spec", "nodeName")
            return [
                .name, .value(.string(node.isEmpty ? "<unset>" : node)), .value(.string(slice.text("spec", "driver"))),
                .value(.string(slice.text("spec", "pool", "name"))), .age,
            ]
        }
    }
}

/// Rules that kinds of resource.k8s.io share.
enum DeviceRules {
    @Sendable static func claimDefaults(_ spec: inout JSONValue) {
        spec.edit("devices") { devices in
            devices.editEach("requests") { request in
                request.edit("exactly", countDefaults)
                request.editEach("firstAvailable", countDefaults)
            }
        }
    }

    private static func countDefaults(_ request: inout JSONValue) {
        request.setDefaultString("allocationMode", "ExactCount")
        if request.text("allocationMode") == "ExactCount", request.number("count") == 0 { request["count"] = 1 }
        request.editEach("tolerations") { $0.setDefaultString("operator", "Equal") }
    }

    static func driver(_ driver: Field) {
        guard !driver.string.isEmpty else {
            driver.required()
            return
        }
        if driver.string.utf8.count > 63 { driver.add(.tooLong, "may not be more than 63 bytes") }
        driver.matches(NameValidation.dns1123Subdomain)
    }

    /// One or more DNS subdomains with slashes between them.
    static func pool(_ pool: Field) {
        guard !pool.string.isEmpty else {
            pool.required()
            return
        }
        if pool.string.utf8.count > 253 { pool.add(.tooLong, "may not be more than 253 bytes") }
        for part in pool.string.split(separator: "/", omittingEmptySubsequences: false) {
            for complaint in NameValidation.dns1123Subdomain(String(part)) { pool.invalid(.string(String(part)), complaint) }
        }
    }

    static func claim(_ spec: Field) {
        let devices = spec["devices"]
        var names: Set<String> = []
        devices["requests"].maxItems(32).each { request in
            let name = request["name"]
            if name.string.isEmpty { name.required() } else { name.matches(NameValidation.dns1123Label) }
            if !names.insert(name.string).inserted { name.duplicate(.string(name.string)) }
            let (exactly, alternatives) = (request["exactly"], request["firstAvailable"])
            switch (exactly.exists, alternatives.count > 0) {
            case (false, false):
                request.errors.add(FieldError(.required, request.path, "exactly one of `exactly` or `firstAvailable` is required"))
            case (true, true):
                request.invalid("exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set")
            case (true, false): devicesOf(exactly)
            case (false, true):
                var alternativeNames: Set<String> = []
                alternatives.maxItems(8).each { alternative in
                    let name = alternative["name"]
                    if name.string.isEmpty { name.required() } else { name.matches(NameValidation.dns1123Label) }
                    if !alternativeNames.insert(name.string).inserted { name.duplicate(.string(name.string)) }
                    devicesOf(alternative)
                }
            }
        }
        func known(_ request: Field) {
            let name = request.string.split(separator: "/", maxSplits: 1).first.map(String.init) ?? ""
            if !names.contains(name) {
                request.invalid("must be the name of a request in the claim or the name of a request and a subrequest separated by '/'")
            }
        }
        devices["constraints"].maxItems(32).each { constraint in
            constraint["requests"].maxItems(32).each(known)
            let attributes = ["matchAttribute", "distinctAttribute"].filter { constraint[$0].exists }
            if attributes.isEmpty { constraint["matchAttribute"].required() }
        }
        devices["config"].maxItems(32).each { item in
            item["requests"].maxItems(32).each(known)
            configuration(item)
        }
    }

    private static func devicesOf(_ request: Field) {
        let name = request["deviceClassName"]
        if name.string.isEmpty { name.required() } else { name.matches(NameValidation.dns1123Subdomain) }
        selectors(request["selectors"])
        switch request["allocationMode"].string {
        case "All":
            if request["count"].int != 0 { request["count"].invalid("must not be specified when allocationMode is 'All'") }
        case "ExactCount":
            if request["count"].int <= 0 { request["count"].invalid("must be greater than zero") }
        default:
            request["allocationMode"].add(.notSupported, #"supported values: "All", "ExactCount""#)
        }
    }

    static func selectors(_ selectors: Field) {
        selectors.maxItems(32).each { selector in
            guard selector["cel"].exists else { return selector.errors.add(FieldError(.required, selector["cel"].path)) }
            let expression = selector["cel"]["expression"]
            if expression.string.isEmpty { expression.required() }
            if expression.string.utf8.count > 10 << 10 { expression.add(.tooLong, "may not be more than \(10 << 10) bytes") }
        }
    }

    static func configuration(_ item: Field) {
        let opaque = item["opaque"]
        guard opaque.exists else { return opaque.errors.add(FieldError(.required, opaque.path)) }
        driver(opaque["driver"])
        let parameters = opaque["parameters"]
        if !parameters.exists {
            parameters.errors.add(FieldError(.required, parameters.path))
        } else if parameters.value?.objectValue == nil {
            parameters.invalid("must be a valid JSON object")
        }
    }
}
