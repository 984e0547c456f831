import SwiftASN1
import X509

/// The uses of a certificate as a `CertificateSigningRequest` object names them.
package enum KeyUsages {
    /// All names that there are, sorted.
    package static let names: [String] = (keyBits + extended.map(\.name)).sorted()

    private static let keyBits = [
        "signing", "digital signature", "content commitment", "key encipherment", "key agreement", "data encipherment", "cert sign", "crl sign",
        "encipher only", "decipher only",
    ]

    private static let extended: [(name: String, identifier: [UInt])] = [
        ("any", [2, 5, 29, 37, 0]),
        ("server auth", [1, 3, 6, 1, 5, 5, 7, 3, 1]),
        ("client auth", [1, 3, 6, 1, 5, 5, 7, 3, 2]),
        ("code signing", [1, 3, 6, 1, 5, 5, 7, 3, 3]),
        ("email protection", [1, 3, 6, 1, 5, 5, 7, 3, 4]),
        ("s/mime", [1, 3, 6, 1, 5, 5, 7, 3, 4]),
        ("ipsec end system", [1, 3, 6, 1, 5, 5, 7, 3, 5]),
        ("ipsec tunnel", [1, 3, 6, 1, 5, 5, 7, 3, 6]),
        ("ipsec user", [1, 3, 6, 1, 5, 5, 7, 3, 7]),
        ("timestamping", [1, 3, 6, 1, 5, 5, 7, 3, 8]),
        ("ocsp signing", [1, 3, 6, 1, 5, 5, 7, 3, 9]),
        ("microsoft sgc", [1, 3, 6, 1, 4, 1, 311, 10, 3, 3]),
        ("netscape sgc", [2, 16, 840, 1, 113_730, 4, 1]),
    ]

    static func keyUsage(_ usages: [String]) -> KeyUsage {
        func has(_ names: String...) -> Bool { names.contains { usages.contains($0) } }
        return KeyUsage(
            digitalSignature: has("signing", "digital signature"), nonRepudiation: has("content commitment"),
            keyEncipherment: has("key encipherment"), dataEncipherment: has("data encipherment"), keyAgreement: has("key agreement"),
            keyCertSign: has("cert sign"), cRLSign: has("crl sign"), encipherOnly: has("encipher only"), decipherOnly: has("decipher only"))
    }

    /// Each only once: two names mean the same use.
    static func extendedUsages(_ usages: [String]) throws -> [ExtendedKeyUsage.Usage] {
        var seen: Set<[UInt]> = []
        return try extended.compactMap { name, identifier in
            guard usages.contains(name), seen.insert(identifier).inserted else { return nil }
            return ExtendedKeyUsage.Usage(oid: try ASN1ObjectIdentifier(elements: identifier))
        }
    }
}
