import SwiftASN1
import X509

/// A certificate and those that lead from it to an authority, as a signer answers with them.
package enum CertificateChain {
    package enum Flaw: Error, Equatable {
        case empty
        /// The text holds something else beside certificates.
        case otherBlock
        case unreadableLeaf
        case unreadableIntermediate
    }

    /// All certificates of a PEM text, that of the subject first.
    package static func read(pem: String) throws(Flaw) -> [PEMCertificate] {
        let documents: [PEMDocument]
        do {
            documents = try PEMDocument.parseMultiple(pemString: pem)
        } catch {
            throw .empty
        }
        guard !documents.isEmpty else { throw .empty }
        var chain: [PEMCertificate] = []
        for document in documents {
            guard document.discriminator == Certificate.defaultPEMDiscriminator else { throw .otherBlock }
            do {
                chain.append(PEMCertificate(try Certificate(pemDocument: document)))
            } catch {
                throw chain.isEmpty ? .unreadableLeaf : .unreadableIntermediate
            }
        }
        return chain
    }
}
