import Glibc

/// The machine's name.
package enum HostName {
    package static var current: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "node" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The name of a node: what is given, or the machine's name; in lower case as names of nodes must be.
    package static func node(_ given: String?) -> String {
        (given ?? current).lowercased()
    }
}
