import Testing

@testable import Linux

@Suite struct IPv4Tests {
    @Test func textsAndBytes() throws {
        let address = try #require(IPv4("10.0.2.15"))
        #expect(address.bytes == [10, 0, 2, 15] && "\(address)" == "10.0.2.15")
        #expect(IPv4(bytes: [10, 0, 2, 15]) == address && IPv4(bytes: [10, 0, 2]) == nil)
    }

    @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.x", "::1", "1.2.3.4/8", "+1.2.3.4"])
    func badAddresses(_ text: String) {
        #expect(IPv4(text) == nil)
    }

    @Test(arguments: [
        ("10.244.1.0/24", "10.244.1.0/24"), ("10.244.1.77/24", "10.244.1.0/24"), ("10.0.0.1/32", "10.0.0.1/32"), ("1.2.3.4/0", "0.0.0.0/0"),
        ("10.244.1.0", nil), ("10.244.1/24", nil), ("10.244.1.0/33", nil), ("10.244.1.256/24", nil), ("", nil),
    ])
    func ranges(_ text: String, _ expected: String?) {
        #expect(IPv4Range(text)?.description == expected)
    }

    @Test func aPrefixIsNeverLongerThanAnAddress() {
        #expect(IPv4Range(address: IPv4(bits: 0x0A00_0001), prefix: 200).description == "10.0.0.1/32")
    }
}
