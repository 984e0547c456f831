import Testing

@testable import PKI

@Suite struct CertificateTests {
    private let now: Int64 = 1_800_000_000

    @Test func issuedCertificateSaysWhatWasAsked() throws {
        let authority = try CertificateAuthority.create(commonName: "kubernetes", now: now)
        var spec = CertificateSpec.serving("kube-apiserver", dnsNames: ["kubernetes", "localhost"], ipAddresses: ["10.96.0.1", "fd00::1"])
        spec.organizations = ["a", "b"]
        let (issued, key) = try authority.issue(spec, now: now)
        let read = try PEMCertificate(pem: try issued.pem())
        #expect(read.commonName == "kube-apiserver")
        #expect(read.organizations == ["a", "b"])
        #expect(read.dnsNames == ["kubernetes", "localhost"])
        #expect(read.ipAddresses == ["10.96.0.1", "fd00::1"])
        #expect(read.isSigned(by: authority.certificate))
        #expect(!read.isAuthority)
        #expect(authority.certificate.isAuthority)
        #expect(!read.allowsClientAuthentication)
        #expect(read.notAfter == now + 365 * 86400)
        #expect(read.notBefore == now - 300)
        #expect(try KeyPair(pem: try key.pem()).belongs(to: read))
        #expect(!KeyPair.generate().belongs(to: read))
    }

    @Test func anotherAuthorityOfTheSameNameDidNotSign() throws {
        let authority = try CertificateAuthority.create(commonName: "kubernetes", now: now)
        let other = try CertificateAuthority.create(commonName: "kubernetes", now: now)
        let (issued, _) = try authority.issue(.client(user: "u", groups: ["g"]), now: now)
        #expect(issued.isSigned(by: authority.certificate))
        #expect(!issued.isSigned(by: other.certificate))
        #expect(issued.allowsClientAuthentication)
    }

    @Test func aCertificateNeverOutlivesItsAuthority() throws {
        let authority = try CertificateAuthority.create(commonName: "ca", now: now, validity: .seconds(86400))
        let (issued, _) = try authority.issue(.client(user: "u"), now: now)
        #expect(issued.notAfter == authority.certificate.notAfter)
    }

    @Test func badAddressIsRefused() throws {
        let authority = try CertificateAuthority.create(commonName: "ca", now: now)
        #expect(throws: PKIError.self) { try authority.issue(.serving("x", dnsNames: [], ipAddresses: ["300.1.1.1"]), now: now) }
    }

    @Test func signingRequestRoundTrip() throws {
        let authority = try CertificateAuthority.create(commonName: "ca", now: now)
        let key = KeyPair.generate()
        let spec = CertificateSpec(
            commonName: "system:node:n1", organizations: ["system:nodes"], dnsNames: ["n1"], ipAddresses: ["10.0.0.1"], usages: [.serverAuth])
        let request = try SigningRequest(pem: try SigningRequest.make(spec, key: key))
        #expect(request.commonName == "system:node:n1")
        #expect(request.organizations == ["system:nodes"])
        #expect(request.dnsNames == ["n1"])
        #expect(request.ipAddresses == ["10.0.0.1"])
        let certificate = try authority.sign(request, as: .client(user: request.commonName, groups: request.organizations), now: now)
        #expect(key.belongs(to: certificate))
        #expect(certificate.commonName == "system:node:n1")
    }

    @Test(arguments: ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "nonsense"])
    func malformedTextIsAnError(text: String) {
        #expect(throws: PKIError.self) { try PEMCertificate(pem: Array(text.utf8)) }
        #expect(throws: PKIError.self) { try KeyPair(pem: Array(text.utf8)) }
        #expect(throws: PKIError.self) { try SigningRequest(pem: Array(text.utf8)) }
    }

    @Test func readsRSAKeys() throws {
        let key = try makeRSAKey()
        let authority = try CertificateAuthority.create(commonName: "rsa-ca", now: now, key: key)
        let (issued, _) = try authority.issue(.client(user: "u"), now: now)
        #expect(issued.isSigned(by: authority.certificate))
    }
}
