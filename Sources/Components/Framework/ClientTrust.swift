import APIServer
import PKI
import Synchronization

/// Whose client certificates count at a component's port: those that a file names, and beside them those that the API server names.
final class ClientTrust: Sendable {
    private struct State {
        var given: [PEMCertificate] = []
        var told: [PEMCertificate] = []
    }

    private let state = Mutex(State())
    private let authorities: TrustedAuthorities

    init(_ authorities: TrustedAuthorities) { self.authorities = authorities }

    /// What the file says, PEM; `what` is its name.
    ///
    /// - Throws: when it holds no certificate; then what it said before stays.
    func give(_ pem: [UInt8], what: String) throws {
        let found = try PEMCertificate.all(pem: pem, what: what)
        if found.isEmpty { throw PKIError.malformed(what: what, reason: "it holds no certificate") }
        set { $0.given = found }
    }

    /// What the API server says. It may name nobody.
    func tell(_ pem: [UInt8], what: String) throws {
        let found = try PEMCertificate.all(pem: pem, what: what)
        set { $0.told = found }
    }

    /// Both change, each when it likes: the later never undoes the other.
    private func set(_ change: (inout State) -> Void) {
        state.withLock { state in
            change(&state)
            let given = state.given
            authorities.replace(with: given + state.told.filter { told in !given.contains { $0.der == told.der } })
        }
    }
}
