import APIServer
import Flags

/// `--tls-min-version`.
struct MinimumTLS: Sendable {
    let isThirteen: Bool

    /// - Throws: `FlagProblem` for a version that is not offered.
    init(_ flags: FlagValues) throws(FlagProblem) {
        switch flags.string("tls-min-version") {
        case "VersionTLS12", "": isThirteen = false
        case "VersionTLS13": isThirteen = true
        case let other: throw FlagProblem("--tls-min-version \(other) must be VersionTLS12 or VersionTLS13; older versions are not safe")
        }
    }

    func applied(to tls: HTTPServerTLS) -> HTTPServerTLS {
        var tls = tls
        tls.requiresTLS13 = isThirteen
        return tls
    }
}

extension HTTPServerTLS {
    func withMinimum(_ flags: FlagValues) throws(FlagProblem) -> HTTPServerTLS {
        try MinimumTLS(flags).applied(to: self)
    }
}
