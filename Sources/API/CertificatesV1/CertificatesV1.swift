// CertificatesV1
