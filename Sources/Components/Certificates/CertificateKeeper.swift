import CoreV1
import KubernetesAPI
package import KubernetesClient
package import Logging
package import PKI
import ServiceLifecycle

/// Sees to it that no certificate runs out while the process runs: each is made anew thirty days ahead, and what cannot be is told of every day.
///
/// It looks at the wall clock all the time, so that a clock that jumps, or a machine that slept, is met at once.
package struct CertificateKeeper: ServiceLifecycle.Service {
    /// What has happened to a certificate, for people.
    package enum News: Sendable {
        case renewed(CertificateEntry)
        /// It ends soon and cannot be made anew here. The reason is empty for an authority.
        case expires(CertificateEntry, reason: String)
    }

    /// How often the clock is looked at.
    static let interval: Duration = .seconds(10)
    /// How long after a failed try the next one comes, and how often is told of what cannot be renewed.
    static let retryAfter: Duration = .seconds(60)
    static let tellAgainAfter: Duration = .seconds(86400)

    private let entries: @Sendable () throws -> [CertificateEntry]
    private let renew: @Sendable (_ now: Int64) throws -> [String: String]
    private let tell: @Sendable (News) -> Void
    private let time: TimeSource
    private let logger: Logger

    /// - Parameter entries: reads all certificates from where they are kept.
    /// - Parameter renew: makes anew what needs it; those who use the files notice by themselves. `now` is in seconds since 1970. Says why, for those
    ///   that could not be, by their names; an error is the reason of all.
    /// - Parameter tell: writes events. What is told is logged, too.
    package init(
        entries: @escaping @Sendable () throws -> [CertificateEntry], renew: @escaping @Sendable (_ now: Int64) throws -> [String: String],
        tell: @escaping @Sendable (News) -> Void, time: TimeSource = .system, logger: Logger
    ) {
        self.entries = entries
        self.renew = renew
        self.tell = tell
        self.time = time
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var watch = Watch()
            repeat { look(&watch) } while (try? await time.sleep(Self.interval)) != nil
        }
    }

    /// What is remembered between two looks at the clock.
    struct Watch {
        /// After a try that did not help: not before this time since the start.
        var nextTry: Duration = .zero
        /// When it was last told that a certificate ends, and why, since the start.
        var told: [String: Duration] = [:]
    }

    func look(_ watch: inout Watch) {
        let now = time.wallMicroseconds() / 1_000_000
        let uptime = time.uptime()
        do {
            // Few small files; to read them each time costs less than to find out why they are not what they were.
            let before = try entries()
            guard before.contains(where: { $0.needsCare(now: now) }), uptime >= watch.nextTry else { return }
            var reasons: [String: String] = [:]
            var reasonOfAll = ""
            do {
                reasons = try renew(now)
            } catch {
                reasonOfAll = "\(error)"
            }
            let after = try entries()
            for entry in after where before.contains(where: { $0.name == entry.name && $0.certificate.der != entry.certificate.der }) {
                say(.renewed(entry))
            }
            for entry in after where entry.due <= now {
                let reason = entry.isAuthority ? "" : reasons[entry.name] ?? reasonOfAll
                let news = "\(entry.name): \(reason)"
                if let last = watch.told[news], uptime - last < Self.tellAgainAfter { continue }
                watch.told[news] = uptime
                say(.expires(entry, reason: reason))
            }
            watch.nextTry = after.contains { $0.needsCare(now: now) } ? uptime + Self.retryAfter : .zero
        } catch {
            guard uptime >= watch.nextTry else { return }
            watch.nextTry = uptime + Self.retryAfter
            logger.error("the certificates cannot be looked at", metadata: ["error": "\(error)"])
        }
    }

    /// Tells of it in events of a node, beside the log.
    package static func events(_ recorder: EventRecorder, node name: String) -> @Sendable (News) -> Void {
        let node = ObjectReference {
            $0.kind = "Node"
            $0.apiVersion = "v1"
            $0.name = name
            // As the kubelet's own events of the node.
            $0.uid = name
        }
        return { news in
            switch news {
            case .renewed(let entry):
                recorder.event(about: node, type: "Normal", reason: "CertificateRenewed", message: "The certificate \(entry.name) was renewed")
            case .expires(let entry, let reason):
                let words = reason.isEmpty ? "" : ": \(reason)"
                recorder.event(
                    about: node, type: "Warning", reason: "CertificateExpires",
                    message: "The certificate \(entry.name) expires on \(CertificateDate.text(entry.certificate.notAfter))\(words)")
            }
        }
    }

    private func say(_ news: News) {
        switch news {
        case .renewed(let entry):
            logger.notice("a certificate was renewed", metadata: ["certificate": "\(entry.name)", "file": "\(entry.path)"])
        case .expires(let entry, let reason):
            let days = (entry.certificate.notAfter - time.wallMicroseconds() / 1_000_000) / 86400
            logger.warning(
                "a certificate expires soon and was not renewed",
                metadata: ["certificate": "\(entry.name)", "file": "\(entry.path)", "days": "\(days)", "error": "\(reason)"])
        }
        tell(news)
    }
}
