import JSON

enum ContainerDefaults {
    static func apply(_ container: inout JSONValue) {
        container.editEach("ports") { port in port.setDefaultString("protocol", "TCP") }
        container.editEach("env") { variable in
            variable.edit("valueFrom") { source in
                source.edit("fieldRef") { $0.setDefaultString("apiVersion", "v1") }
                source.edit("resourceFieldRef") { $0.setDefault("divisor", "0") }
                source.edit("fileKeyRef") { $0.setDefault("optional", false) }
            }
        }
        container.setDefault("resources", [:])
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] { container.edit(probe, probeDefaults) }
        container.edit("lifecycle") { lifecycle in
            for hook in ["postStart", "preStop"] { lifecycle.edit(hook) { $0.edit("httpGet", httpGetDefaults) } }
        }
        container.setDefaultString("terminationMessagePath", "/dev/termination-log")
        container.setDefaultString("terminationMessagePolicy", "File")
        let image = container.text("image")
        container.setDefaultString("imagePullPolicy", pullPolicy(forImage: image))
    }

    /// Images that may change under their name are pulled always: tag `latest`, or neither tag nor digest.
    static func pullPolicy(forImage image: String) -> String {
        if image.utf8.contains(UInt8(ascii: "@")) { return "IfNotPresent" }
        let lastComponent = image.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last ?? image.utf8[...]
        guard let colon = lastComponent.lastIndex(of: UInt8(ascii: ":")) else { return "Always" }
        let tag = lastComponent[lastComponent.index(after: colon)...]
        return tag.elementsEqual("latest".utf8) ? "Always" : "IfNotPresent"
    }

    /// A limit without a request asks for as much as the limit.
    static func requestsFromLimits(_ container: inout JSONValue) {
        container.edit("resources") { resources in
            guard let limits = resources["limits"]?.objectValue, !limits.isEmpty else { return }
            resources.editOrMake("requests") { requests in
                for (name, limit) in limits where requests[name] == nil { requests[name] = limit }
            }
        }
    }

    private static func probeDefaults(_ probe: inout JSONValue) {
        for (field, value) in [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)] as [(String, Int64)]
        where probe.number(field) == 0 {
            probe[field] = .integer(value)
        }
        probe.edit("httpGet", httpGetDefaults)
        probe.edit("grpc") { $0.setDefault("service", "") }
    }

    private static func httpGetDefaults(_ action: inout JSONValue) {
        action.setDefaultString("path", "/")
        action.setDefaultString("scheme", "HTTP")
    }
}
