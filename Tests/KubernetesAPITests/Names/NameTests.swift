import KubernetesAPI
import Testing

private let a63 = String(repeating: "a", count: 63)
private let a253 = String(repeating: "a", count: 253)

@Suite struct NameValidationTests {
    @Test func dnsNames() {
        for good in ["a", "ab", "a1", "a-1", "a--1--2--b", "0", "01", "a1", a63] {
            #expect(NameValidation.dns1123Label(good) == [])
            #expect(NameValidation.dns1123Subdomain(good) == [])
        }
        for bad in ["", "A", "a_b", "-a", "a-", "a.", ".a", "a b", "é", "a/b", "a\n", a63 + "a"] {
            #expect(!NameValidation.dns1123Label(bad).isEmpty, "\(bad)")
        }
        for good in ["a.b", "a-1.b-2.0", "1.2.3.4", a253] { #expect(NameValidation.dns1123Subdomain(good) == []) }
        for bad in ["", "a..b", ".a", "a.", "a.-b", "A.b", "a_b", a253 + "a"] { #expect(!NameValidation.dns1123Subdomain(bad).isEmpty, "\(bad)") }
        for good in ["a", "a-1", "abc", a63] { #expect(NameValidation.dns1035Label(good) == []) }
        for bad in ["", "1a", "-a", "a-", "a.b", "A", a63 + "a"] { #expect(!NameValidation.dns1035Label(bad).isEmpty, "\(bad)") }
        for good in ["*.a", "*.a.b"] { #expect(NameValidation.wildcardDNS1123Subdomain(good) == []) }
        for bad in ["*", "*.", "a.b", "*a.b", "*.*.a", ""] { #expect(!NameValidation.wildcardDNS1123Subdomain(bad).isEmpty, "\(bad)") }
    }

    @Test func messages() {
        #expect(
            NameValidation.dns1123Subdomain("A_b") == [
                #"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#
            ])
        #expect(
            NameValidation.dns1123Label("-") == [
                #"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"#
            ])
        #expect(NameValidation.dns1123Label("a.b") == ["must not contain dots"])
        #expect(NameValidation.dns1123Label(a63 + "a") == ["must be no more than 63 characters"])
        #expect(
            NameValidation.qualifiedName("a b") == [
                #"name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"#
            ])
        #expect(NameValidation.qualifiedName("/a") == ["prefix part must be non-empty"])
        #expect(NameValidation.qualifiedName("a/").first == "name part must be non-empty")
        #expect(NameValidation.qualifiedName(a63 + "a") == ["name part must be no more than 63 bytes"])
        #expect(
            NameValidation.qualifiedName("a/b/c").first?.hasSuffix("with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")
                == true)
        #expect(NameValidation.pathSegmentName("..") == ["may not be '..'"])
        #expect(NameValidation.pathSegmentName("a/b%") == ["may not contain '/'", "may not contain '%'"])
        #expect(NameValidation.portNumber(0) == ["must be between 1 and 65535, inclusive"])
        #expect(NameValidation.configMapKey("..a") == ["must not start with '..'"])
        #expect(NameValidation.userID(-1) == ["must be between 0 and 2147483647, inclusive"])
    }

    @Test func labels() {
        for good in ["simple", "1-starts-with-num", "now.with.dots/simple", "1.2.3.4/5678", "example.com/Upper_Is-OK.1", "\(a253)/\(a63)"] {
            #expect(NameValidation.qualifiedName(good) == [], "\(good)")
        }
        for bad in [
            "", "a%", "a-", "-a", "only/one/slash", "Example.com/abc", "example_com/abc", "example.com/", "/simple", a63 + "a", "\(a253)a/abc", "ā",
        ] {
            #expect(!NameValidation.qualifiedName(bad).isEmpty, "\(bad)")
        }
        for good in ["", "simple", "1234", "A_b-c.d", a63] { #expect(NameValidation.labelValue(good) == [], "\(good)") }
        for bad in ["-a", "a-", ".a", "a b", "a/b", "ā", a63 + "a"] { #expect(!NameValidation.labelValue(bad).isEmpty, "\(bad)") }
    }

    @Test func others() {
        for good in ["http", "a-1", "1a"] { #expect(NameValidation.portName(good) == []) }
        for bad in ["", "1", "-a", "a-", "a--b", "A", "a_b", "abcdefghijklmnop"] { #expect(!NameValidation.portName(bad).isEmpty, "\(bad)") }
        for good in ["a", "_", "A1_b"] { #expect(NameValidation.cIdentifier(good) == []) }
        for bad in ["", "1a", "a-b"] { #expect(!NameValidation.cIdentifier(bad).isEmpty) }
        for good in ["a", "_A.b-1", " ", "1a"] { #expect(NameValidation.environmentVariableName(good) == []) }
        for bad in ["", "a=b", "é", "a\n"] { #expect(!NameValidation.environmentVariableName(bad).isEmpty) }
        for bad in ["", "1a", "a b", "..", "..a"] { #expect(!NameValidation.strictEnvironmentVariableName(bad).isEmpty) }
        for good in ["a", ".a", "A_b-c.d", "..."] where good != "..." { #expect(NameValidation.configMapKey(good) == []) }
        for bad in ["", ".", "..", "..a", "a b", "a/b"] { #expect(!NameValidation.configMapKey(bad).isEmpty, "\(bad)") }
        #expect(NameValidation.percent("10%") == [])
        for bad in ["10", "%", "-1%", "1.5%"] { #expect(!NameValidation.percent(bad).isEmpty) }
        #expect(NameValidation.httpHeaderName("X-A1") == [])
        #expect(!NameValidation.httpHeaderName("X A").isEmpty)
        #expect(NameValidation.dns1123Label(NameValidation.maskingTrailingDash("web-")) == [])
        #expect(NameValidation.maskingTrailingDash("-") == "-")
    }

    @Test(arguments: [("a", #""a""#), ("a\"b\\", #""a\"b\\""#), ("\n\t\u{1}\u{7f}", #""\n\t\x01\x7f""#), ("é", #""é""#)] as [(String, String)])
    func goQuoting(_ text: String, _ quoted: String) { #expect(text.goQuoted == quoted) }
}

private struct Counter: RandomNumberGenerator {
    var state: UInt64 = 0
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        let mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        return mixed ^ (mixed >> 27)
    }
}

@Suite struct NameGenerationTests {
    @Test func names() {
        var random = Counter()
        var seen: Set<String> = []
        for base in ["web-", "", String(repeating: "x", count: 100), "é" + String(repeating: "x", count: 57)] {
            for _ in 0..<50 {
                let name = NameGeneration.name(base: base, using: &random)
                #expect(name.utf8.count <= 63)
                #expect(name.utf8.count == min(base.utf8.count, 58) + 5)
                #expect(name.suffix(5).allSatisfy { "bcdfghjklmnpqrstvwxz2456789".contains($0) })
                seen.insert(name)
            }
        }
        #expect(seen.count == 200)
        #expect(NameGeneration.safeEncoded(0) == "4")
        #expect(NameGeneration.safeEncoded(1_234_567_890).utf8.count == 10)
    }

    @Test func uuids() {
        var random = Counter()
        var seen: Set<String> = []
        for _ in 0..<100 {
            let uuid = NameGeneration.uuid(using: &random)
            let bytes = Array(uuid.utf8)
            #expect(bytes.count == 36)
            #expect([8, 13, 18, 23].allSatisfy { bytes[$0] == UInt8(ascii: "-") })
            #expect(bytes[14] == UInt8(ascii: "4"))
            #expect("89ab".utf8.contains(bytes[19]))
            #expect(uuid.allSatisfy { $0 == "-" || $0.isHexDigit && !$0.isUppercase })
            seen.insert(uuid)
        }
        #expect(seen.count == 100)
    }
}
