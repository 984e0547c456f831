import Glibc
import PKI

/// The newest of several certificates with its key in one file: the name stays, what it points to changes.
struct RotatedFile: Sendable {
    var folder: String
    /// Such as `kubelet-client`.
    var name: String

    var path: String { "\(folder)/\(name)-current.pem" }

    /// - Throws: `PKIError`; `ComponentProblem` when the name cannot be moved on.
    func keep(_ certificate: [UInt8], _ key: KeyPair) throws {
        let file = "\(folder)/\(name)-\(Int64(time(nil))).pem"
        try SecretFile.write(certificate + (try key.pem()), to: file)
        let link = "\(path).new"
        unlink(link)
        guard symlink(file, link) == 0, rename(link, path) == 0 else {
            throw ComponentProblem("\(path) could not be made: \(String(cString: strerror(errno)))")
        }
    }

    /// The newest certificate, and the file's text; nil while there is none.
    func load() throws -> (certificate: PEMCertificate, pem: [UInt8])? {
        guard let pem = try SecretFile.read(path) else { return nil }
        return (try PEMCertificate(pem: pem, what: path), pem)
    }
}
