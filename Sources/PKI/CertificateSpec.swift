/// What a new certificate is to say.
package struct CertificateSpec: Sendable {
    package enum Usage: Sendable {
        case serverAuth
        case clientAuth
    }

    package var commonName: String
    /// For client certificates: the user's groups.
    package var organizations: [String]
    package var dnsNames: [String]
    package var ipAddresses: [String]
    package var emailAddresses: [String] = []
    package var uris: [String] = []
    package var usages: [Usage]
    package var validity: Duration

    package static let oneYear = Duration.seconds(365 * 86400)
    package static let tenYears = Duration.seconds(3650 * 86400)

    package init(
        commonName: String, organizations: [String] = [], dnsNames: [String] = [], ipAddresses: [String] = [], usages: [Usage],
        validity: Duration = oneYear
    ) {
        self.commonName = commonName
        self.organizations = organizations
        self.dnsNames = dnsNames
        self.ipAddresses = ipAddresses
        self.usages = usages
        self.validity = validity
    }

    package static func client(user: String, groups: [String] = [], validity: Duration = oneYear) -> CertificateSpec {
        CertificateSpec(commonName: user, organizations: groups, usages: [.clientAuth], validity: validity)
    }

    package static func serving(_ name: String, dnsNames: [String], ipAddresses: [String], validity: Duration = oneYear) -> CertificateSpec {
        CertificateSpec(commonName: name, dnsNames: dnsNames, ipAddresses: ipAddresses, usages: [.serverAuth], validity: validity)
    }
}
