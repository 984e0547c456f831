import KubernetesAPI

/// The end of a certificate as people read it.
package enum CertificateDate {
    /// `Nov 22, 2027 20:15 UTC`, of seconds since 1970.
    package static func text(_ seconds: Int64) -> String {
        let text = Array("\(Time(seconds: seconds))".utf8)
        guard text.count == 20, let month = Int(String(decoding: text[5..<7], as: UTF8.self)), (1...12).contains(month) else {
            return "\(Time(seconds: seconds))"
        }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func part(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        return "\(months[month - 1]) \(part(8..<10)), \(part(0..<4)) \(part(11..<16)) UTC"
    }
}
