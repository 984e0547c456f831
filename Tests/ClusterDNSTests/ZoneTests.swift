import Testing

@testable import ClusterDNS

private func address(_ text: String) throws -> IPAddressBytes { try #require(IPAddressBytes(text)) }

private func exampleZone() throws -> ClusterZone {
    var zone = ClusterZone(domain: DNSName("cluster.local"))
    zone.set(namespaces: ["default", "empty"])
    zone.set(
        ServiceRecords(target: .clusterIPs([try address("10.96.0.7")]), ports: [.init(name: "http", transport: "tcp", port: 80)]),
        service: "hello", namespace: "default")
    let ports = [ServiceRecords.Port(name: "db", transport: "tcp", port: 5432)]
    zone.set(
        ServiceRecords(
            target: .headless([
                .init(address: try address("10.244.0.5"), label: "db-0", ports: ports),
                .init(address: try address("10.244.0.6"), label: "10-244-0-6", ports: ports),
            ]), ports: ports),
        service: "db", namespace: "default")
    zone.set(ServiceRecords(target: .externalName(DNSName("example.org")), ports: []), service: "out", namespace: "default")
    return zone
}

private func resolve(_ name: String, _ type: DNSRecordType, in zone: ClusterZone) -> ClusterZone.Outcome {
    zone.resolve(DNSQuestion(name: DNSName(name), type: type, recordClass: 1))
}

private func data(_ outcome: ClusterZone.Outcome) -> [DNSRecordData]? {
    guard case .answer(let answer) = outcome, answer.code == .noError else { return nil }
    return answer.answers.map(\.data)
}

@Suite struct ZoneTests {
    @Test(arguments: [
        ("hello.default.svc.cluster.local", ["10.96.0.7"]),
        ("HELLO.Default.svc.cluster.local", ["10.96.0.7"]),
        ("db.default.svc.cluster.local", ["10.244.0.5", "10.244.0.6"]),
        ("db-0.db.default.svc.cluster.local", ["10.244.0.5"]),
        ("10-244-0-6.db.default.svc.cluster.local", ["10.244.0.6"]),
        ("1-2-3-4.default.pod.cluster.local", ["1.2.3.4"]),
    ]) func addresses(name: String, expected: [String]) throws {
        let zone = try exampleZone()
        #expect(data(resolve(name, .a, in: zone)) == (try expected.map { try address($0).recordData }))
        #expect(data(resolve(name, .aaaa, in: zone)) == [], "an IPv4 name exists for AAAA, but holds nothing")
    }

    @Test(arguments: [
        "nothing.default.svc.cluster.local", "hello.other.svc.cluster.local", "x.hello.default.svc.cluster.local", "other.cluster.local",
        "1-2-3-4.nowhere.pod.cluster.local", "pod-name.default.pod.cluster.local", "db-1.db.default.svc.cluster.local",
        "_none._tcp.hello.default.svc.cluster.local",
    ]) func missing(name: String) throws {
        guard case .answer(let answer) = resolve(name, .a, in: try exampleZone()) else {
            Issue.record("\(name) was not answered here")
            return
        }
        #expect(answer.code == .nameError)
        #expect(answer.authority.map(\.data.type) == [.soa])
    }

    @Test(arguments: ["cluster.local", "svc.cluster.local", "default.svc.cluster.local", "empty.svc.cluster.local"])
    func emptyNames(name: String) throws {
        #expect(data(resolve(name, .a, in: try exampleZone())) == [])
    }

    @Test func servicePorts() throws {
        let zone = try exampleZone()
        #expect(
            data(resolve("_http._tcp.hello.default.svc.cluster.local", .srv, in: zone)) == [
                .srv(priority: 0, weight: 100, port: 80, target: DNSName("hello.default.svc.cluster.local"))
            ])
        guard case .answer(let answer) = resolve("_db._tcp.db.default.svc.cluster.local", .srv, in: zone) else {
            Issue.record("no answer")
            return
        }
        #expect(answer.answers.count == 2)
        #expect(answer.additional.map(\.name.labels.first) == ["db-0", "10-244-0-6"])
    }

    @Test func reverseNames() throws {
        let zone = try exampleZone()
        #expect(data(resolve("7.0.96.10.in-addr.arpa", .ptr, in: zone)) == [.ptr(DNSName("hello.default.svc.cluster.local"))])
        #expect(data(resolve("5.0.244.10.in-addr.arpa", .ptr, in: zone)) == [.ptr(DNSName("db-0.db.default.svc.cluster.local"))])
        #expect(resolve("1.1.1.1.in-addr.arpa", .ptr, in: zone) == .forward)
    }

    @Test func aliasesAndForeignNames() throws {
        let zone = try exampleZone()
        guard case .alias(let record, let target) = resolve("out.default.svc.cluster.local", .a, in: zone) else {
            Issue.record("an ExternalName service is an alias")
            return
        }
        #expect(record.data == .cname(DNSName("example.org")) && target == DNSName("example.org"))
        #expect(resolve("example.org", .a, in: zone) == .forward)
        #expect(resolve("notcluster.local", .a, in: zone) == .forward)
    }

    @Test func changesReplaceWhatWas() throws {
        var zone = try exampleZone()
        zone.set(ServiceRecords(target: .clusterIPs([try address("10.96.0.8")]), ports: []), service: "hello", namespace: "default")
        #expect(data(resolve("hello.default.svc.cluster.local", .a, in: zone)) == [try address("10.96.0.8").recordData])
        #expect(resolve("7.0.96.10.in-addr.arpa", .ptr, in: zone) == .forward)
        zone.set(nil, service: "hello", namespace: "default")
        #expect(data(resolve("hello.default.svc.cluster.local", .a, in: zone)) == nil)
    }

    @Test(
        arguments: [
            ("10.0.0.1", [10, 0, 0, 1]), ("::1", Array(repeating: UInt8(0), count: 15) + [1]),
            ("fd00:1::2", [0xfd, 0, 0, 1] + Array(repeating: UInt8(0), count: 11) + [2]),
        ] as [(String, [UInt8])]) func parsesAddresses(text: String, bytes: [UInt8])
    {
        #expect(IPAddressBytes(text)?.bytes == bytes)
    }

    @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.+4", ":::", "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7"])
    func refusesBadAddresses(text: String) {
        #expect(IPAddressBytes(text) == nil)
    }
}
