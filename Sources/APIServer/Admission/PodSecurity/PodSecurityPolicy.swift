import JSON

/// How much a pod may: the three levels of the Pod Security Standards.
package enum PodSecurityLevel: String, Sendable, Comparable, CaseIterable {
    case privileged
    case baseline
    case restricted

    package static func < (a: PodSecurityLevel, b: PodSecurityLevel) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .privileged: 0
        case .baseline: 1
        case .restricted: 2
        }
    }
}

/// The version of the standards that is meant: that of a minor version of Kubernetes, or the newest.
package enum PodSecurityVersion: Sendable, Equatable {
    case latest
    case minor(Int)

    /// Nil for a text that is neither `latest` nor like `v1.30`.
    init?(_ text: String) {
        if text == "latest" {
            self = .latest
            return
        }
        guard text.hasPrefix("v1."), let minor = Int(text.dropFirst(3)), minor >= 0, "v1.\(minor)" == text else { return nil }
        self = .minor(minor)
    }

    var text: String {
        switch self {
        case .latest: "latest"
        case .minor(let minor): "v1.\(minor)"
        }
    }

    func isAtLeast(_ minor: Int) -> Bool {
        switch self {
        case .latest: true
        case .minor(let own): own >= minor
        }
    }
}

/// A level in a version.
package struct PodSecurityStandard: Sendable, Equatable {
    package var level: PodSecurityLevel
    package var version: PodSecurityVersion

    package init(_ level: PodSecurityLevel, _ version: PodSecurityVersion = .latest) {
        self.level = level
        self.version = version
    }

    var text: String { "\(level.rawValue):\(version.text)" }
}

/// What a namespace asks of its pods, from its labels.
package struct PodSecurityPolicy: Sendable, Equatable {
    /// What pods must keep to, what is written to the audit log otherwise, and what the client is warned of.
    package var enforce: PodSecurityStandard
    package var audit: PodSecurityStandard
    package var warn: PodSecurityStandard

    package init(enforce: PodSecurityStandard, audit: PodSecurityStandard, warn: PodSecurityStandard) {
        self.enforce = enforce
        self.audit = audit
        self.warn = warn
    }

    package static let privileged = PodSecurityPolicy(
        enforce: PodSecurityStandard(.privileged), audit: PodSecurityStandard(.privileged), warn: PodSecurityStandard(.privileged))

    private static let prefix = "pod-security.kubernetes.io/"

    /// Labels that cannot be understood are mistakes; until they are corrected they count as the strictest level.
    init(labels: JSONValue?, defaults: PodSecurityPolicy, mistakes: inout [FieldError]) {
        self = defaults
        Self.read("enforce", labels, &enforce, &mistakes)
        Self.read("audit", labels, &audit, &mistakes)
        Self.read("warn", labels, &warn, &mistakes)
    }

    private static func read(_ mode: String, _ labels: JSONValue?, _ standard: inout PodSecurityStandard, _ mistakes: inout [FieldError]) {
        func mistake(_ key: String, _ value: String, _ detail: String) {
            mistakes.append(FieldError(.invalid, .entry(.member(.member(.root, "metadata"), "labels"), key), value: .string(value), detail))
        }
        if let text = labels?[prefix + mode]?.stringValue {
            if let level = PodSecurityLevel(rawValue: text) {
                standard.level = level
            } else {
                mistake(prefix + mode, text, "must be one of privileged, baseline, restricted")
                // What was meant is not known; letting everything through would be the worst guess.
                if mode == "enforce" { standard.level = .restricted }
            }
        }
        if let text = labels?[prefix + mode + "-version"]?.stringValue {
            if let version = PodSecurityVersion(text) {
                standard.version = version
            } else {
                mistake(prefix + mode + "-version", text, "must be \"latest\" or \"v1.x\"")
            }
        }
    }
}

/// How the server is set up for namespaces that say nothing, and who is left alone (`PodSecurityConfiguration`).
package struct PodSecurityConfiguration: Sendable {
    package var defaults = PodSecurityPolicy.privileged
    package var exemptUsernames: Set<String> = []
    package var exemptNamespaces: Set<String> = []
    package var exemptRuntimeClasses: Set<String> = []

    package init() {}
}
