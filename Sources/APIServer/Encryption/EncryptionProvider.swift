import KeyManagement
import PKI

/// One way of keeping values.
enum EncryptionProvider: Sendable {
    /// Not encrypted at all.
    case identity
    case cipher(ValueCipher)
    case envelope(EnvelopeProvider)

    fileprivate var prefix: [UInt8]? {
        switch self {
        case .identity: nil
        case .cipher(let cipher): Array(cipher.prefix.utf8)
        case .envelope(let provider): provider.prefix
        }
    }
}

extension EncryptionConfiguration.Providers {
    /// A stored value as it was, or what has to be done first.
    enum Opened {
        /// The value, and whether it would be written otherwise today.
        case value([UInt8], isStale: Bool)
        /// Somebody outside has to be asked for its key.
        case locked(EnvelopeProvider, GuardedKey)
    }

    private static let mark = Array("k8s:enc:".utf8)

    /// The value as it is to be stored.
    func seal(_ value: [UInt8], place: String) throws -> [UInt8] {
        switch members.first {
        case .cipher(let cipher): Array(cipher.prefix.utf8) + (try cipher.seal(value, place: place))
        case .envelope(let provider): try provider.seal(value, place: place)
        case .identity, nil: value
        }
    }

    /// Who has to be asked before `seal` can do its work; nil for nobody.
    var unready: EnvelopeProvider? {
        if case .envelope(let provider)? = members.first, !provider.isReady { return provider }
        return nil
    }

    func open(_ stored: [UInt8], place: String) throws -> Opened {
        guard stored.starts(with: Self.mark) else {
            guard let index = members.firstIndex(where: { $0.prefix == nil }) else {
                throw PKIError.malformed(what: place, reason: "it is not encrypted, and nothing in the configuration allows that")
            }
            return .value(stored, isStale: index > 0)
        }
        for (index, member) in members.enumerated() {
            guard let prefix = member.prefix, stored.starts(with: prefix) else { continue }
            let sealed = Array(stored[prefix.count...])
            switch member {
            case .identity: continue
            case .cipher(let cipher):
                if let value = cipher.open(sealed, place: place) { return .value(value, isStale: index > 0) }
            case .envelope(let provider):
                switch try provider.open(sealed, place: place) {
                case .value(let value, let isStale): return .value(value, isStale: isStale || index > 0)
                case .locked(let key): return .locked(provider, key)
                }
            }
        }
        throw PKIError.malformed(what: place, reason: "no key in the configuration opens it")
    }

    /// The same, after whoever has to be asked has been asked.
    func opened(_ stored: [UInt8], place: String) async throws -> (value: [UInt8], isStale: Bool) {
        switch try open(stored, place: place) {
        case .value(let value, let isStale): return (value, isStale)
        case .locked(let provider, let key):
            try await provider.unlock(key)
            guard case .value(let value, let isStale) = try open(stored, place: place) else {
                throw KeyManagementError("the key of \(place) cannot be had")
            }
            return (value, isStale)
        }
    }
}
