/// What can go wrong with certificates, keys and tokens. `description` is for people.
package enum PKIError: Error, Sendable, CustomStringConvertible {
    case cannotRead(path: String, reason: String)
    case cannotWrite(path: String, reason: String)
    /// A file is there but is not what it should be.
    case malformed(what: String, reason: String)
    case keyMismatch(path: String)
    /// The authority's key is needed and not on this machine.
    case missingKey(path: String, needed: String)
    case invalidRequest(reason: String)
    case tokenRejected(reason: String)

    package var description: String {
        switch self {
        case .cannotRead(let path, let reason): "cannot read \(path): \(reason)"
        case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
        case .malformed(let what, let reason): "\(what) is malformed: \(reason)"
        case .keyMismatch(let path): "the certificate \(path) does not belong to the key beside it"
        case .missingKey(let path, let needed): "the key \(path) is missing, and \(needed)"
        case .invalidRequest(let reason): "the certificate request is not valid: \(reason)"
        case .tokenRejected(let reason): "invalid bearer token: \(reason)"
        }
    }
}
