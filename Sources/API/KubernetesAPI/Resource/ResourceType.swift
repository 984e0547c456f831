/// What a kind is called in the API, and where its objects are.
package struct ResourceType: Hashable, Sendable {
    /// Empty for the core group.
    package var group: String
    package var version: String
    package var kind: String
    /// As in paths: `pods`.
    package var plural: String
    package var singular: String
    /// Whether objects live in namespaces.
    package var namespaced: Bool

    package init(group: String, version: String, kind: String, plural: String, singular: String, namespaced: Bool) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.singular = singular
        self.namespaced = namespaced
    }

    /// `v1`, `apps/v1`: as it stands in objects.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// `pods`, `deployments.apps`: as it stands in messages.
    package var groupResource: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// The path of an object, or of the collection when `name` is nil. A nil namespace means all namespaces (or none, where there are none).
    package func path(namespace: String? = nil, name: String? = nil, subresource: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if namespaced, let namespace, !namespace.isEmpty {
            path += "/namespaces/"
            Self.append(segment: namespace, to: &path)
        }
        path += "/"
        path += plural
        if let name {
            path += "/"
            Self.append(segment: name, to: &path)
        }
        if let subresource {
            path += "/"
            path += subresource
        }
        return path
    }

    /// Names are almost always plain; some kinds allow nearly any character.
    private static func append(segment: String, to path: inout String) {
        func isPlain(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "@"): true
            default: false
            }
        }
        if segment.utf8.allSatisfy(isPlain) {
            path += segment
            return
        }
        let digits = Array("0123456789ABCDEF".unicodeScalars)
        for byte in segment.utf8 {
            if isPlain(byte) {
                path.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                path.unicodeScalars.append("%")
                path.unicodeScalars.append(digits[Int(byte >> 4)])
                path.unicodeScalars.append(digits[Int(byte & 15)])
            }
        }
    }
}
