import JSON
import KubernetesAPI
import Logging
import PKI
import ServiceLifecycle

/// Tells extension API servers and components whose certificates count here: the ConfigMap `extension-apiserver-authentication` in `kube-system`.
///
/// Other servers of the cluster write there as well: what they say stays, until their certificates have expired.
struct AuthenticationTrust: Sendable {
    static let name = "extension-apiserver-authentication"

    let registry: Registry
    let clients: TrustedAuthorities
    let proxies: TrustedAuthorities?
    let headers: FrontProxyHeaders?
    /// Seconds since 1970.
    let now: @Sendable () -> Int64
    let logger: Logger

    /// Keeps it so while the server runs: when authorities are replaced and when somebody else changes or deletes the object.
    func run() async throws {
        let (changes, poke) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        clients.onChange { poke.yield() }
        proxies?.onChange { poke.yield() }
        let observer = registry.observe(group: "", resource: "configmaps") { poke.yield() }
        // Whatever has happened before anybody listened.
        poke.yield()
        await cancelWhenGracefulShutdown {
            for await _ in changes {
                do throws(APIStatus) {
                    try await settle()
                } catch {
                    logger.error("cannot tell others whose certificates count; will try again", metadata: ["error": "\(error)"])
                    // A store that fails does not fail for long.
                    if (try? await registry.clock.sleep(.seconds(1))) == nil { return }
                    poke.yield()
                }
            }
        }
        withExtendedLifetime(observer) {}
    }

    /// Writes the object if it does not say everything yet.
    func settle() async throws(APIStatus) {
        guard !clients.certificates.isEmpty || proxies != nil else { return }
        let existing = registry.object(group: "", resource: "configmaps", namespace: "kube-system", name: Self.name)
        var wanted = existing ?? ["metadata": ["name": .string(Self.name), "namespace": "kube-system"]]
        wanted.editOrMake("data") { data in
            set(&data, "client-ca-file", clients.certificates)
            guard let proxies, let headers else { return }
            set(&data, "requestheader-client-ca-file", proxies.certificates)
            set(&data, "requestheader-username-headers", headers.userHeaders)
            if !headers.uidHeaders.isEmpty { set(&data, "requestheader-uid-headers", headers.uidHeaders) }
            set(&data, "requestheader-group-headers", headers.groupHeaders)
            set(&data, "requestheader-extra-headers-prefix", headers.shownPrefixes)
            set(&data, "requestheader-allowed-names", headers.allowedNames)
        }
        if wanted == existing { return }
        do throws(APIStatus) {
            _ = try await registry.perform(
                existing == nil ? "create" : "update", "", "v1", "configmaps", namespace: "kube-system", name: existing == nil ? "" : Self.name,
                body: wanted)
        } catch {
            // Another server was faster: what it wrote is looked at in a moment.
            if !["AlreadyExists", "Conflict", "NotFound"].contains(error.reason) { throw error }
        }
    }

    private func set(_ data: inout JSONValue, _ key: String, _ authorities: [PEMCertificate]) {
        guard !authorities.isEmpty else { return }
        let time = now()
        let known = (try? PEMCertificate.all(pem: Array(data.text(key).utf8), what: key)) ?? []
        var all = known.filter { $0.notAfter > time }
        for authority in authorities where !all.contains(where: { $0.der == authority.der }) { all.append(authority) }
        let texts = all.compactMap { (try? $0.pem()).map { String(decoding: $0, as: UTF8.self) } }
        data[key] = .string(texts.joined())
    }

    private func set(_ data: inout JSONValue, _ key: String, _ texts: [String]) {
        var all = (try? JSONValue(parsing: data.text(key)))?.arrayValue?.compactMap(\.stringValue) ?? []
        for text in texts where !all.contains(text) { all.append(text) }
        data[key] = .string(String(decoding: JSONValue.array(all.map { .string($0) }).serialized(), as: UTF8.self))
    }
}
