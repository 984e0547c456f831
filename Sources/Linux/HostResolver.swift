/// The nameservers that this machine uses.
package enum HostResolver {
    /// - Parameter own: an address that would lead back to ourselves.
    package static func nameservers(except own: String) -> [String] {
        guard let text = (try? Files.readText("/etc/resolv.conf")).flatMap({ $0 }) else { return [] }
        return text.split(separator: "\n").compactMap { line -> String? in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, words[0] == "nameserver", words[1] != own, !words[1].contains("%") else { return nil }
            return String(words[1])
        }
    }
}
