package import APIServer
import Flags
import Glibc
package import KubernetesClient
import Linux
package import Logging
import PKI
import ServiceLifecycle

/// The serving certificate of a process: from files, or made by itself.
package struct ServingFiles: Sendable {
    package let certificatePath: String
    package let keyPath: String

    package init(certificatePath: String, keyPath: String) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }

    /// `path.crt` and `path.key`.
    package init(path: String) {
        self.init(certificatePath: path + ".crt", keyPath: path + ".key")
    }

    /// Nil when neither flag is given.
    ///
    /// - Throws: `FlagProblem` when only one of the two is.
    init?(_ flags: FlagValues) throws(FlagProblem) {
        switch (flags.text("tls-cert-file"), flags.text("tls-private-key-file")) {
        case (let certificate?, let key?): self.init(certificatePath: certificate, keyPath: key)
        case (nil, nil): return nil
        default: throw FlagProblem("--tls-cert-file and --tls-private-key-file must be given together")
        }
    }

    /// - Throws: `ComponentProblem` naming the file.
    package func load() throws -> HTTPServerTLS {
        HTTPServerTLS(certificateChain: try Self.read(certificatePath), privateKey: try Self.read(keyPath))
    }

    /// Takes a new certificate into use when its files change: what a server shows to its clients, or what a process shows to servers.
    package func follower(
        time: TimeSource = .system, logger: Logger, replace: @escaping @Sendable (HTTPServerTLS) throws -> Void
    ) -> FileFollower {
        FileFollower(files: [certificatePath, keyPath], what: "a certificate and its key", time: time, logger: logger) { files in
            guard files.count == 2 else { return }
            try replace(HTTPServerTLS(certificateChain: files[0], privateKey: files[1]))
        }
    }

    /// A file that must be there.
    package static func read(_ path: String) throws -> [UInt8] {
        guard let bytes = try SecretFile.read(path) else { throw ComponentProblem("\(path): there is no such file") }
        return bytes
    }

    /// A certificate that nobody has signed but ourselves, for clients that do not look.
    package static func selfSigned(_ name: String, dnsNames: [String], addresses: [String]) throws -> HTTPServerTLS {
        let now = Int64(time(nil))
        let authority = try CertificateAuthority.create(commonName: "\(name)-ca@\(now)", now: now, key: KeyPair.generate())
        let (certificate, key) = try authority.issue(.serving("\(name)@\(now)", dnsNames: dnsNames, ipAddresses: addresses), now: now)
        return HTTPServerTLS(certificateChain: try certificate.pem() + authority.certificate.pem(), privateKey: try key.pem())
    }

    /// The same, kept in a folder as `<name>.crt` and `<name>.key`, as kubelet and API server do when they are given none.
    package static func selfSigned(_ name: String, in folder: String, dnsNames: [String], addresses: [String]) throws -> ServingFiles {
        let files = ServingFiles(certificatePath: "\(folder)/\(name).crt", keyPath: "\(folder)/\(name).key")
        if let certificate = try SecretFile.read(files.certificatePath), let key = try SecretFile.read(files.keyPath) {
            let found = try PEMCertificate(pem: certificate, what: files.certificatePath)
            let fits = try KeyPair(pem: key, what: files.keyPath).belongs(to: found) && Set(dnsNames).isSubset(of: found.dnsNames)
            if fits, found.notAfter > Int64(time(nil)) + CertificateFiles.renewBefore { return files }
        }
        let made = try selfSigned(name, dnsNames: dnsNames, addresses: addresses)
        try SecretFile.write(made.privateKey, to: files.keyPath)
        try SecretFile.write(made.certificateChain, to: files.certificatePath, access: .everyone)
        return files
    }
}
