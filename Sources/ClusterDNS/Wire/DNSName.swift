/// A domain name as its labels, lower-cased, most specific first, without the root's empty label.
///
/// Labels keep bytes that are not printable ASCII as they are; comparison is by bytes after lower-casing A to Z (RFC 1035, section 2.3.3).
package struct DNSName: Hashable, Sendable, CustomStringConvertible {
    package var labels: [String]

    package init(labels: [String]) {
        self.labels = labels
    }

    /// Splits a dotted name; a trailing dot is allowed. Empty labels are dropped.
    package init(_ text: String) {
        labels = text.split(separator: ".").map { $0.lowercased() }
    }

    package var description: String {
        labels.isEmpty ? "." : labels.joined(separator: ".")
    }

    /// The labels before `zone`, or nil when this name is not in the zone. The zone's own name gives an empty list.
    package func labels(below zone: DNSName) -> ArraySlice<String>? {
        guard labels.count >= zone.labels.count, labels.suffix(zone.labels.count).elementsEqual(zone.labels) else { return nil }
        return labels.dropLast(zone.labels.count)
    }

    /// This name with further labels before it.
    package func prepending(_ prefix: String...) -> DNSName {
        DNSName(labels: prefix + labels)
    }
}
