import CoreV1

/// The /etc/hosts that containers of a pod share.
enum HostsFile {
    static let header = "# Kubernetes-managed hosts file."
    static let hostNetworkHeader = "# Kubernetes-managed hosts file (host network)."

    static func content(_ pod: Pod, addresses: [String], hostname: String, domain: String, hostFile: String) -> String {
        var text: String
        if pod.usesHostNetwork {
            text = hostNetworkHeader + "\n" + hostFile
            if !text.hasSuffix("\n") { text += "\n" }
        } else {
            text = """
                \(header)
                127.0.0.1\tlocalhost
                ::1\tlocalhost ip6-localhost ip6-loopback
                fe00::\tip6-localnet
                fe00::0\tip6-mcastprefix
                fe00::1\tip6-allnodes
                fe00::2\tip6-allrouters

                """
            for address in addresses {
                text += domain.isEmpty ? "\(address)\t\(hostname)\n" : "\(address)\t\(hostname).\(domain)\t\(hostname)\n"
            }
        }
        return text + aliases(pod)
    }

    private static func aliases(_ pod: Pod) -> String {
        if pod.spec.hostAliases.isEmpty { return "" }
        var text = "\n# Entries added by HostAliases.\n"
        for alias in pod.spec.hostAliases {
            text += alias.ip + "\t" + alias.hostnames.joined(separator: "\t") + "\n"
        }
        return text
    }
}

/// The name a pod gives itself.
enum PodHostname {
    static let lengthMax = 63

    /// Host name and domain ("" without a subdomain).
    static func of(_ pod: Pod, nodeName: String, clusterDomain: String) -> (hostname: String, domain: String) {
        if let override = pod.spec.hostnameOverride, !override.isEmpty { return (override, "") }
        var hostname = pod.name
        if let wish = pod.spec.hostname, !wish.isEmpty { hostname = wish }
        hostname = truncated(hostname)
        var domain = ""
        if let subdomain = pod.spec.subdomain, !subdomain.isEmpty {
            domain = "\(subdomain).\(pod.namespace).svc.\(clusterDomain)"
        }
        return (hostname, domain)
    }

    /// What goes into the sandbox: the full name on the pod's wish.
    static func forSandbox(_ pod: Pod, nodeName: String, clusterDomain: String) -> String {
        if pod.usesHostNetwork { return "" }
        let (hostname, domain) = of(pod, nodeName: nodeName, clusterDomain: clusterDomain)
        if pod.spec.setHostnameAsFQDN == true && !domain.isEmpty { return "\(hostname).\(domain)" }
        return hostname
    }

    /// A host name may have 63 characters and must not end in a dash or dot.
    private static func truncated(_ name: String) -> String {
        var result = name.prefix(lengthMax)
        while let last = result.last, last == "-" || last == "." { result.removeLast() }
        return String(result)
    }
}
