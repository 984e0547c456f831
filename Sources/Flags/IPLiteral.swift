import Glibc

/// IP addresses in text form.
package enum IPLiteral {
    package static func isValid(_ text: String) -> Bool { isIPv4(text) || isIPv6(text) }

    package static func isIPv4(_ text: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }

    package static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }
}
