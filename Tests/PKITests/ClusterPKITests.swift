import Testing

@testable import PKI

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct ClusterPKITests {
    private let now: Int64 = 1_800_000_000

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = "/tmp/pki-test-\(RandomToken.hex(bytes: 8))"
        defer { removeTree(folder) }
        try body(folder)
    }

    @Test func laysOutFilesAsUpstreamAndReusesThem() throws {
        try withFolder { folder in
            let parameters = ClusterPKI.Parameters(serviceAddresses: ["10.96.0.1"], names: ["node1"], addresses: ["192.0.2.1"])
            let first = try ClusterPKI.ensure(directory: folder + "/pki", parameters: parameters, now: now)
            for name in ["ca", "apiserver", "apiserver-kubelet-client", "front-proxy-ca", "front-proxy-client"] {
                #expect(mode(folder + "/pki/\(name).key") == 0o600)
                #expect(mode(folder + "/pki/\(name).crt") == 0o644)
            }
            #expect(mode(folder + "/pki/sa.key") == 0o600)
            #expect(mode(folder + "/pki/sa.pub") == 0o644)
            #expect(mode(folder + "/pki") == 0o700)
            #expect(first.apiServer.certificate.dnsNames.contains("kubernetes.default.svc.cluster.local"))
            #expect(first.apiServer.certificate.ipAddresses.contains("192.0.2.1"))
            #expect(first.apiServer.renewal == "there was none")

            let second = try ClusterPKI.ensure(directory: folder + "/pki", parameters: parameters, now: now + 86400)
            #expect(second.apiServer.certificatePEM == first.apiServer.certificatePEM)
            #expect(second.apiServer.renewal == nil)
            #expect(second.authorityPEM == first.authorityPEM)

            let late = try ClusterPKI.ensure(directory: folder + "/pki", parameters: parameters, now: now + 340 * 86400)
            #expect(late.apiServer.renewal == "it expires soon")
            #expect(late.authorityPEM == first.authorityPEM)

            var wider = parameters
            wider.names.append("api.example.com")
            let renamed = try ClusterPKI.ensure(directory: folder + "/pki", parameters: wider, now: now + 341 * 86400)
            #expect(renamed.apiServer.renewal == "it lacked the name api.example.com")
            #expect(renamed.kubeletClient.renewal == nil)
        }
    }

    @Test func aDamagedFileIsAnErrorAndStays() throws {
        try withFolder { folder in
            try SecretFile.write(Array("garbage".utf8), to: folder + "/ca.crt")
            try SecretFile.write(Array("garbage".utf8), to: folder + "/ca.key")
            #expect(throws: PKIError.self) {
                try ClusterPKI.ensure(directory: folder, parameters: .init(serviceAddresses: ["10.96.0.1"]), now: now)
            }
            #expect(try SecretFile.read(folder + "/ca.crt") == Array("garbage".utf8))
        }
    }

    @Test func anAuthorityWithoutItsKeyIsExplained() throws {
        try withFolder { folder in
            let parameters = ClusterPKI.Parameters(serviceAddresses: ["10.96.0.1"])
            _ = try ClusterPKI.ensure(directory: folder, parameters: parameters, now: now)
            unlink(folder + "/ca.key")
            #expect {
                try ClusterPKI.ensure(directory: folder, parameters: parameters, now: now)
            } throws: { error in
                "\(error)".contains("ca.key is missing")
            }
        }
    }

    @Test func kubeconfigIsKeptWhileItFits() throws {
        try withFolder { folder in
            let authority = try CertificateAuthority.create(commonName: "ca", now: now)
            let spec = CertificateSpec.client(user: "kubernetes-admin", groups: ["system:masters"])
            let path = folder + "/admin.kubeconfig"
            func ensure(_ server: String, _ time: Int64) throws -> Bool {
                try KubeconfigFile.ensure(path, server: server, authority: authority, spec: spec, now: time)
            }
            #expect(try ensure("https://a:6443", now))
            #expect(try !ensure("https://a:6443", now + 86400))
            #expect(try ensure("https://b:6443", now))
            #expect(try ensure("https://b:6443", now + 350 * 86400))
            #expect(mode(path) == 0o600)
        }
    }
}

private func mode(_ path: String) -> mode_t {
    var info = stat()
    return stat(path, &info) == 0 ? info.st_mode & 0o777 : 0
}

private func removeTree(_ path: String) {
    if let directory = opendir(path) {
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { removeTree("\(path)/\(name)") }
        }
        closedir(directory)
        rmdir(path)
    } else {
        unlink(path)
    }
}
