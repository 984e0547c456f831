/// The records of the cluster's domain, after the specification "DNS-Based Service Discovery" 1.1.0. A value: a change makes a new one.
package struct ClusterZone: Sendable {
    /// The version of the specification, served as TXT of `dns-version.<domain>`.
    package static let specificationVersion = "1.1.0"

    package let domain: DNSName
    /// Seconds that answers may be kept.
    package let ttl: UInt32
    private var services: [String: [String: ServiceRecords]] = [:]
    private var reverse: [DNSName: DNSName] = [:]
    private var namespaces: Set<String> = []

    package init(domain: DNSName, ttl: UInt32 = 5) {
        self.domain = domain
        self.ttl = ttl
    }

    /// Adds, replaces or (with nil) removes a service's records.
    package mutating func set(_ records: ServiceRecords?, service: String, namespace: String) {
        if let old = services[namespace]?[service] {
            for (address, name) in names(of: old, service: service, namespace: namespace) where reverse[address] == name {
                reverse[address] = nil
            }
        }
        services[namespace, default: [:]][service] = records
        if services[namespace]?.isEmpty == true { services[namespace] = nil }
        if let records {
            for (address, name) in names(of: records, service: service, namespace: namespace) { reverse[address] = name }
        }
    }

    /// The namespaces that exist: a name in one that has no service is an empty answer and not a missing name.
    package mutating func set(namespaces: Set<String>) {
        self.namespaces = namespaces
    }

    private func names(of records: ServiceRecords, service: String, namespace: String) -> [(DNSName, DNSName)] {
        let base = serviceName(service, namespace)
        switch records.target {
        case .clusterIPs(let addresses): return addresses.map { ($0.reverseName, base) }
        case .headless(let endpoints): return endpoints.map { ($0.address.reverseName, base.prepending($0.label)) }
        case .externalName: return []
        }
    }

    private func serviceName(_ service: String, _ namespace: String) -> DNSName {
        domain.prepending(service, namespace, "svc")
    }

    /// What to do with a question.
    package enum Outcome: Equatable, Sendable {
        case answer(DNSAnswer)
        /// The name is an alias to one outside the zone: the alias first, then whatever its target resolves to.
        case alias(DNSRecord, target: DNSName)
        /// Not our zone: somebody else's to answer.
        case forward
    }

    /// Answers `question` from the records; names outside the domain (and reverse names we do not know) are to be forwarded.
    package func resolve(_ question: DNSQuestion) -> Outcome {
        guard question.recordClass == 1 else { return .answer(DNSAnswer(code: .refused, isAuthoritative: false)) }
        if let target = reverse[question.name] {
            return found(question, question.type == .ptr ? [.ptr(target)] : [])
        }
        guard let labels = question.name.labels(below: domain).map(Array.init) else { return .forward }
        switch (labels.last, labels.count) {
        case (nil, _):
            return found(question, [])
        case ("dns-version", 1):
            return found(question, question.type == .txt ? [.txt(Self.specificationVersion)] : [])
        case ("svc", _):
            return resolveService(question, labels.dropLast())
        case ("pod", _):
            return resolvePod(question, labels.dropLast())
        default:
            return missing
        }
    }

    /// `labels` are those before `svc`: `[_port, _proto,] [endpoint,] service, namespace`.
    private func resolveService(_ question: DNSQuestion, _ labels: [String]) -> Outcome {
        guard let namespace = labels.last else { return found(question, []) }
        guard labels.count >= 2 else { return services[namespace] != nil || namespaces.contains(namespace) ? found(question, []) : missing }
        guard let records = services[namespace]?[labels[labels.count - 2]] else { return missing }
        let base = serviceName(labels[labels.count - 2], namespace)
        let prefix = labels.dropLast(2)
        if case .externalName(let target) = records.target {
            guard prefix.isEmpty else { return missing }
            return .alias(DNSRecord(name: question.name, ttl: ttl, data: .cname(target)), target: target)
        }
        switch prefix.count {
        case 0:
            if question.type == .srv { return services(question, records, base) { _ in true } }
            return addresses(question, records, label: nil)
        case 1:
            return addresses(question, records, label: prefix[0])
        case 2 where prefix[0].hasPrefix("_") && prefix[1].hasPrefix("_"):
            let (port, transport) = (prefix[0].dropFirst(), prefix[1].dropFirst())
            return services(question, records, base) { $0.name == port && $0.transport == transport }
        default:
            return missing
        }
    }

    private func addresses(_ question: DNSQuestion, _ records: ServiceRecords, label: String?) -> Outcome {
        var all: [IPAddressBytes] = []
        switch records.target {
        case .clusterIPs(let addresses):
            guard label == nil else { return missing }
            all = addresses
        case .headless(let endpoints):
            all = endpoints.filter { label == nil || $0.label == label }.map(\.address)
            if all.isEmpty, label != nil { return missing }
        case .externalName:
            break
        }
        var seen: Set<IPAddressBytes> = []
        let wanted = all.filter {
            (question.type == .any || question.type == ($0.isIPv4 ? .a : .aaaa)) && seen.insert($0).inserted
        }
        return found(question, wanted.map(\.recordData))
    }

    private func services(
        _ question: DNSQuestion, _ records: ServiceRecords, _ base: DNSName, where isWanted: (ServiceRecords.Port) -> Bool
    ) -> Outcome {
        var answers: [DNSRecord] = []
        var additional: [DNSRecord] = []
        func add(_ port: UInt16, _ target: DNSName, _ addresses: [IPAddressBytes]) {
            let data = DNSRecordData.srv(priority: 0, weight: 100, port: port, target: target)
            answers.append(DNSRecord(name: question.name, ttl: ttl, data: data))
            for address in addresses {
                let record = DNSRecord(name: target, ttl: ttl, data: address.recordData)
                if !additional.contains(record) { additional.append(record) }
            }
        }
        switch records.target {
        case .clusterIPs(let addresses):
            for port in records.ports where isWanted(port) { add(port.port, base, addresses) }
        case .headless(let endpoints):
            for endpoint in endpoints {
                for port in endpoint.ports where isWanted(port) { add(port.port, base.prepending(endpoint.label), [endpoint.address]) }
            }
        case .externalName:
            break
        }
        guard !answers.isEmpty else { return missing }
        guard question.type == .srv || question.type == .any else { return found(question, []) }
        return .answer(DNSAnswer(answers: answers, additional: additional))
    }

    /// Pod names carry their address, and exist in every namespace that exists: `10-0-0-1.default.pod.<domain>`.
    private func resolvePod(_ question: DNSQuestion, _ labels: [String]) -> Outcome {
        guard let namespace = labels.last else { return found(question, []) }
        guard namespaces.contains(namespace) else { return missing }
        guard labels.count > 1 else { return found(question, []) }
        guard labels.count == 2, let address = IPAddressBytes(dashed: labels[0]) else { return missing }
        let matches = question.type == .any || question.type == (address.isIPv4 ? .a : .aaaa)
        return found(question, matches ? [address.recordData] : [])
    }

    private func found(_ question: DNSQuestion, _ data: [DNSRecordData]) -> Outcome {
        .answer(
            DNSAnswer(
                answers: data.map { DNSRecord(name: question.name, ttl: ttl, data: $0) },
                authority: data.isEmpty ? [authorityRecord] : []))
    }

    private var missing: Outcome {
        .answer(DNSAnswer(code: .nameError, authority: [authorityRecord]))
    }

    private var authorityRecord: DNSRecord {
        DNSRecord(
            name: domain, ttl: ttl,
            data: .soa(
                primary: domain.prepending("ns", "dns"), mailbox: domain.prepending("hostmaster"), serial: 1, refresh: 7200, retry: 1800,
                expire: 86400, minimum: ttl))
    }
}
