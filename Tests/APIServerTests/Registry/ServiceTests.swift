import JSON
import Testing

@testable import APIServer

private let path = "/api/v1/namespaces/default/services"

@Suite("Services: addresses and ports")
struct ServiceTests {
    @Test("an address is handed out, held, and given back")
    func clusterIP() async throws {
        let server = try await TestServer()
        let made = try await server.created("POST", path, ["metadata": ["name": "a"], "spec": ["ports": [["port": 80]]]])
        let address = made.text("spec", "clusterIP")
        #expect(IPRange("10.96.0.0/16")?.contains(try #require(IPAddress(address))) == true)
        #expect(made.at("spec", "clusterIPs") == [.string(address)])
        #expect(made.at("spec", "ipFamilies") == ["IPv4"])
        #expect(made.text("spec", "ipFamilyPolicy") == "SingleStack")
        #expect(made.text("spec", "type") == "ClusterIP")
        #expect(made.text("spec", "sessionAffinity") == "None")
        #expect(made.text("spec", "internalTrafficPolicy") == "Cluster")
        #expect(made.list("spec", "ports")[0] == ["port": 80, "protocol": "TCP", "targetPort": 80])
        let holder = try await server.get("/apis/networking.k8s.io/v1/ipaddresses/\(address)")
        #expect(holder.at("spec", "parentRef") == ["group": "", "resource": "services", "namespace": "default", "name": "a"])
        let taken = await server.call("POST", path, ["metadata": ["name": "b"], "spec": ["clusterIP": .string(address), "ports": [["port": 80]]]])
        #expect(taken.status == 422)
        #expect(taken.message.hasSuffix("provided IP is already allocated"))
        _ = try await server.created("DELETE", path + "/a")
        #expect(await server.call("GET", "/apis/networking.k8s.io/v1/ipaddresses/\(address)").status == 404)
        let again = try await server.created(
            "POST", path, ["metadata": ["name": "b"], "spec": ["clusterIP": .string(address), "ports": [["port": 80]]]])
        #expect(again.text("spec", "clusterIP") == address)
        let outside = await server.call("POST", path, ["metadata": ["name": "o"], "spec": ["clusterIP": "192.0.2.7", "ports": [["port": 80]]]])
        #expect(outside.message.contains("is not in the valid range"))
    }

    @Test("the kubernetes service has the first address")
    func kubernetes() async throws {
        let server = try await TestServer()
        #expect(try await server.get(path + "/kubernetes").text("spec", "clusterIP") == "10.96.0.1")
        let endpoints = try await server.get("/api/v1/namespaces/default/endpoints/kubernetes")
        #expect(endpoints.list("subsets")[0].list("addresses")[0].text("ip") == "192.0.2.1")
        try await server.registry.bootstrap(address: "192.0.2.2", port: 6443)
        let moved = try await server.get("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes")
        #expect(moved.list("endpoints")[0].list("addresses") == ["192.0.2.2"])
    }

    @Test("what every cluster begins with is made anew when it is deleted")
    func keptUp() async throws {
        let server = try await TestServer()
        _ = try await server.created("DELETE", path + "/kubernetes")
        let made = try await server.created("POST", path, ["metadata": ["name": "a"], "spec": ["ports": [["port": 80]]]])
        let record = "/apis/networking.k8s.io/v1/ipaddresses/" + made.text("spec", "clusterIP")
        _ = try await server.created("DELETE", record)
        try await server.registry.bootstrap(address: "192.0.2.1", port: 6443)
        #expect(try await server.get(path + "/kubernetes").text("spec", "clusterIP") == "10.96.0.1")
        #expect(try await server.get(record).at("spec", "parentRef", "name") == "a")
    }

    @Test("a further ServiceCIDR is a further range")
    func furtherRanges() async throws {
        let server = try await TestServer()
        let wanted: JSONValue = ["metadata": ["name": "far"], "spec": ["clusterIP": "10.200.0.7", "ports": [["port": 80]]]]
        #expect(await server.call("POST", path, wanted).status == 422)
        _ = try await server.created(
            "POST", "/apis/networking.k8s.io/v1/servicecidrs", ["metadata": ["name": "more"], "spec": ["cidrs": ["10.200.0.0/24"]]])
        #expect(try await server.created("POST", path, wanted).text("spec", "clusterIP") == "10.200.0.7")
        let other = try await server.created("POST", path, ["metadata": ["name": "near"], "spec": ["ports": [["port": 80]]]])
        #expect(other.text("spec", "clusterIP").hasPrefix("10.96."))
    }

    @Test("types change, and with them what is held")
    func types() async throws {
        let server = try await TestServer()
        var service = try await server.created(
            "POST", path, ["metadata": ["name": "n"], "spec": ["type": "NodePort", "ports": [["port": 80]]]])
        let address = service.text("spec", "clusterIP")
        let port = service.list("spec", "ports")[0].number("nodePort")
        #expect((30000...32767).contains(port))
        #expect(service.text("spec", "externalTrafficPolicy") == "Cluster")
        // A manifest without what the server handed out keeps it.
        let kept = try await server.created(
            "PUT", path + "/n", ["metadata": ["name": "n"], "spec": ["type": "NodePort", "ports": [["port": 80, "name": "x"]]]])
        #expect(kept.text("spec", "clusterIP") == address)
        #expect(kept.list("spec", "ports")[0].number("nodePort") == port)
        let taken = await server.call(
            "POST", path, ["metadata": ["name": "m"], "spec": ["type": "NodePort", "ports": [["port": 80, "nodePort": .integer(port)]]]])
        #expect(taken.message == "Service \"m\" is invalid: spec.ports[0].nodePort: Invalid value: \(port): provided port is already allocated")
        service = kept
        service["spec"]?["type"] = "ClusterIP"
        let plain = try await server.created("PUT", path + "/n", service)
        #expect(plain.list("spec", "ports")[0]["nodePort"] == nil)
        service = plain
        service["spec"]?["type"] = "ExternalName"
        service["spec"]?["externalName"] = "example.com"
        let external = try await server.created("PUT", path + "/n", service)
        #expect(external.at("spec", "clusterIP") == nil)
        #expect(await server.call("GET", "/apis/networking.k8s.io/v1/ipaddresses/\(address)").status == 404)
        service = external
        service["spec"]?["type"] = "ClusterIP"
        service["spec"]?["externalName"] = nil
        let back = try await server.created("PUT", path + "/n", service)
        #expect(back.text("spec", "clusterIP").hasPrefix("10.96."))
        service = back
        service["spec"]?["clusterIP"] = "10.96.0.77"
        service["spec"]?["clusterIPs"] = ["10.96.0.77"]
        let moved = await server.call("PUT", path + "/n", service)
        #expect(moved.message.contains("may not change once set"))
    }

    @Test("headless")
    func headless() async throws {
        let server = try await TestServer()
        let made = try await server.created(
            "POST", path, ["metadata": ["name": "h"], "spec": ["clusterIP": "None", "selector": ["a": "b"], "ports": [["port": 80]]]])
        #expect(made.text("spec", "clusterIP") == "None")
        #expect(made.at("spec", "clusterIPs") == ["None"])
        #expect(made.at("spec", "ipFamilies") == ["IPv4"])
    }

    @Test("many at once get different addresses")
    func concurrent() async throws {
        let server = try await TestServer()
        let addresses = await withTaskGroup(of: String.self) { group in
            for number in 0..<60 {
                group.addTask {
                    let made = try? await server.created(
                        "POST", path, ["metadata": ["name": "s\(number)"], "spec": ["type": "NodePort", "ports": [["port": 80]]]])
                    return "\(made?.text("spec", "clusterIP") ?? "")"
                }
            }
            return await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(addresses.count == 60)
    }

    @Test(
        "addresses are read and written in canonical form",
        arguments: [("::1", "::1"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("10.0.0.1", "10.0.0.1"), ("::ffff:1.2.3.4", "::ffff:102:304")])
    func addresses(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test("texts that are no addresses", arguments: ["", "1.2.3", "01.2.3.4", "1.2.3.256", ":::", "1:2:3:4:5:6:7:8:9", "g::1", "1.2.3.4:80"])
    func noAddresses(text: String) {
        #expect(IPAddress(text) == nil)
    }
}
