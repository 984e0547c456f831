import CoreV1

/// Which question a probe answers.
enum ProbeKind: String, Sendable {
    case startup = "Startup"
    case readiness = "Readiness"
    case liveness = "Liveness"
}

/// Counts a probe's findings and tells when they are enough to change the verdict. Pure.
struct ProbeCounter {
    let kind: ProbeKind
    let failureThreshold: Int
    let successThreshold: Int
    /// nil while nothing has been decided.
    private(set) var verdict: Bool?
    private var last: Bool?
    private var run = 0

    init(kind: ProbeKind, probe: Probe, initial: Bool? = nil) {
        self.kind = kind
        failureThreshold = Int(max(1, probe.failureThreshold ?? 3))
        // A startup or liveness probe that succeeded once has succeeded.
        successThreshold = kind == .readiness ? Int(max(1, probe.successThreshold ?? 1)) : 1
        verdict = initial
    }

    /// - Returns: the new verdict when it changes now.
    mutating func take(_ finding: ProbeFinding) -> Bool? {
        let isSuccess: Bool
        switch finding {
        case .success: isSuccess = true
        case .failure: isSuccess = false
        case .unknown: return nil
        }
        if last == isSuccess {
            run += 1
        } else {
            last = isSuccess
            run = 1
        }
        guard run >= (isSuccess ? successThreshold : failureThreshold), verdict != isSuccess else { return nil }
        verdict = isSuccess
        return isSuccess
    }
}
