import Glibc
import KubernetesAPI
import PKI

/// Whether clocks that differ are why a certificate does not count.
enum ClockSkew {
    /// Differences up to this many seconds are not worth a word.
    static let secondsMax: Int64 = 60
    static let remedy = "set this machine's clock (timedatectl set-ntp true, or date -s) and join again"

    /// - Parameters:
    ///   - now: by this machine's clock, seconds since 1970.
    ///   - server: by the API server's clock; nil when it did not tell.
    /// - Returns: why the authority does not count now, in a sentence; nil if it does.
    static func problem(authority: PEMCertificate, now: Int64, server: Int64?) -> String? {
        let clocks = words(now: now, server: server) ?? "it is \(Time(seconds: now)) by this machine's clock"
        if now < authority.notBefore {
            return "the cluster's certificates count only from \(Time(seconds: authority.notBefore)) on, and \(clocks): \(remedy)"
        }
        guard now > authority.notAfter else { return nil }
        if let server, server <= authority.notAfter {
            return "the cluster's certificates count until \(Time(seconds: authority.notAfter)), and \(clocks): \(remedy)"
        }
        return "the cluster's authority ended on \(Time(seconds: authority.notAfter)): the control plane needs a new one"
    }

    /// How far the clocks are apart, for a sentence; nil when they agree or the server's is not known.
    static func words(now: Int64, server: Int64?) -> String? {
        guard let server, abs(server - now) > secondsMax else { return nil }
        return "this machine's clock is \(abs(server - now)) seconds \(now < server ? "behind" : "ahead of") the API server's"
            + " (\(Time(seconds: now)) here, \(Time(seconds: server)) there)"
    }

    /// The time in an HTTP header `Date`: `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func seconds(httpDate text: String) -> Int64? {
        let words = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count == 6, words[5] == "GMT", let day = Int32(words[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(words[2])), let year = Int32(words[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3, (0..<24).contains(clock[0]), (0..<60).contains(clock[1]), (0...60).contains(clock[2]) else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, Int32(month), day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (clock[0], clock[1], clock[2])
        return Int64(timegm(&parts))
    }
}
