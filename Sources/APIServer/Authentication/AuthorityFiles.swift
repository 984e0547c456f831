import Logging
import PKI
import ServiceLifecycle

/// Keeps authorities what their files say, while the server runs: a file that has been replaced counts within seconds.
///
/// A file that cannot be read or holds no certificate changes nothing, and the log says so.
struct AuthorityFiles: Service {
    private let files: [(path: String, authorities: TrustedAuthorities)]
    private let period: Duration
    private let logger: Logger

    init(_ files: [(path: String, authorities: TrustedAuthorities)], period: Duration = .seconds(5), logger: Logger) {
        self.files = files
        self.period = period
        self.logger = logger
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown { [files, period] in
            var known = files.map { Self.read($0.path) }
            while true {
                try await Task.sleep(for: period)
                for (index, file) in files.enumerated() {
                    let bytes = Self.read(file.path)
                    guard let bytes, bytes != known[index] else { continue }
                    known[index] = bytes
                    apply(bytes, file)
                }
            }
        }
    }

    private func apply(_ bytes: [UInt8], _ file: (path: String, authorities: TrustedAuthorities)) {
        do {
            let certificates = try PEMCertificate.all(pem: bytes, what: file.path)
            if certificates.isEmpty { throw PKIError.malformed(what: file.path, reason: "it holds no certificate") }
            file.authorities.replace(with: certificates)
            logger.notice("authorities replaced", metadata: ["file": "\(file.path)", "certificates": "\(certificates.count)"])
        } catch {
            logger.error("the authorities stay as they were", metadata: ["file": "\(file.path)", "error": "\(error)"])
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        do { return try SecretFile.read(path) } catch { return nil }
    }
}
