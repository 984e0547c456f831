import Glibc
import JSON
import KubernetesClient
import Linux
import Logging
import PKI
import Synchronization
import Testing

@testable import Components

/// An API server that does with a certificate request what the test says.
private final class Office: Transport {
    enum Way: Sendable {
        case signs, signsAnotherKey, denies, sleeps
    }

    private let way: Way
    private let request = Mutex<JSONValue>(.null)
    let authority: CertificateAuthority

    init(_ way: Way) throws {
        self.way = way
        authority = try CertificateAuthority.create(commonName: "kubernetes", now: 1_750_000_000, key: KeyPair.generate())
    }

    var spec: JSONValue? { request.withLock { $0["spec"] } }

    func send(_ message: HTTPRequestData) async throws -> HTTPResponseData {
        if message.method == "POST" {
            let object = try JSONValue(parsing: message.body)
            request.withLock { $0 = object }
            return HTTPResponseData(status: 201, body: message.body)
        }
        var object = request.withLock { $0 }
        switch way {
        case .sleeps: break
        case .denies: object["status"] = ["conditions": [["type": "Denied", "message": "not you"]]]
        case .signs, .signsAnotherKey:
            var pem = object["spec"]?["request"]?.stringValue.flatMap { Base64.decode($0) } ?? []
            if way == .signsAnotherKey { pem = try SigningRequest.make(.client(user: "x"), key: KeyPair.generate()) }
            let certificate = try authority.sign(
                SigningRequest(pem: pem), usages: object["spec"]?["usages"]?.arrayValue?.compactMap(\.stringValue) ?? [], seconds: 3600,
                now: 1_750_000_000)
            object["status"] = ["certificate": .string(Base64.encode(try certificate.pem()))]
        }
        return HTTPResponseData(status: 200, body: object.serialized())
    }

    func stream(_ request: HTTPRequestData) async throws -> (
        status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
    ) {
        (404, [], AsyncThrowingStream { nil })
    }
}

@Suite("The kubelet's certificates from the API server")
struct CertificateOrderTests {
    private let spec = CertificateSpec(
        commonName: "system:node:a", organizations: ["system:nodes"], dnsNames: ["a"], ipAddresses: ["192.0.2.4"], usages: [.serverAuth])

    private func place(_ office: Office) async throws -> (certificate: [UInt8], key: KeyPair) {
        try await CertificateOrder(
            signer: "kubernetes.io/kubelet-serving", spec: spec, name: "csr-x", patience: .milliseconds(10), logger: Logger(label: "test")
        ).place(Client(transport: office, userAgent: "test"))
    }

    @Test func whatWasAskedForComes() async throws {
        let office = try Office(.signs)
        let (pem, key) = try await place(office)
        let certificate = try PEMCertificate(pem: pem)
        #expect(key.belongs(to: certificate) && certificate.dnsNames == ["a"] && certificate.ipAddresses == ["192.0.2.4"])
        #expect(office.spec?["signerName"] == "kubernetes.io/kubelet-serving" && office.spec?["usages"] == ["digital signature", "server auth"])
    }

    @Test(arguments: [
        (Office.Way.denies, "csr-x is Denied: not you"), (.signsAnotherKey, "is not for the key it was asked for"),
        (.sleeps, "kubectl certificate approve csr-x"),
    ])
    private func whatGoesWrongIsNamed(_ way: Office.Way, _ part: String) async throws {
        let office = try Office(way)
        let error = await #expect(throws: ComponentProblem.self) { _ = try await place(office) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [(0, false), (0.79, false), (0.81, true), (2, true)])
    func renewalIsDueNearTheEndOfItsLife(_ share: Double, _ isDue: Bool) throws {
        let authority = try CertificateAuthority.create(commonName: "c", now: 1_750_000_000, key: KeyPair.generate())
        let certificate = try authority.issue(.client(user: "u"), now: 1_750_000_000).0
        let life = certificate.notAfter - certificate.notBefore
        #expect(ClientCertificateRenewal.isDue(certificate, now: certificate.notBefore + Int64(Double(life) * share)) == isDue)
    }

    @Test func theNameOfTheFileStays() throws {
        var template = Array("/tmp/apus-rotated-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { try? Files.removeTree(folder) }
        let file = RotatedFile(folder: folder, name: "kubelet-client")
        let none = try file.load()
        #expect(none?.pem == nil)
        let authority = try CertificateAuthority.create(commonName: "c", now: 1_750_000_000, key: KeyPair.generate())
        for user in ["one", "two"] {
            let (certificate, key) = try authority.issue(.client(user: user), now: 1_750_000_000)
            try file.keep(try certificate.pem(), key)
            let loaded = try file.load()
            #expect(loaded?.certificate.commonName == user)
        }
    }
}
