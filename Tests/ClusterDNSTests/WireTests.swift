import Testing

@testable import ClusterDNS

private func query(_ name: String, type: UInt16 = 1, edns: UInt16? = nil) -> [UInt8] {
    var bytes = DNSQuery.encode(id: 0x1234, name: DNSName(name), type: DNSRecordType(rawValue: type))
    if let edns {
        bytes[11] = 1
        bytes += [0, 0, 41, UInt8(edns >> 8), UInt8(edns & 0xff), 0, 0, 0, 0, 0, 0]
    }
    return bytes
}

@Suite struct WireTests {
    @Test func readsAQuery() throws {
        let read = try DNSQuery(decoding: query("Hello.Default.svc.cluster.local", edns: 1400))
        #expect(read.id == 0x1234 && read.recursionDesired && read.hasEDNS && read.maxUDPSize == 1400)
        #expect(read.question.name == DNSName("hello.default.svc.cluster.local") && read.question.type == .a)
        #expect(try DNSQuery(decoding: query("a.b")).maxUDPSize == 512)
    }

    @Test func refusesWhatIsNoQuery() {
        #expect(throws: DNSDecodingError.notAQuery) { try DNSQuery(decoding: [1, 2, 3]) }
        var response = query("a.b")
        response[2] |= 0x80
        #expect(throws: DNSDecodingError.notAQuery) { try DNSQuery(decoding: response) }
        #expect(throws: DNSDecodingError.malformed(id: 0x1234)) { try DNSQuery(decoding: Array(query("a.b").dropLast(3))) }
        // A name that points at itself must not be followed for ever.
        let loop: [UInt8] = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1]
        #expect(throws: DNSDecodingError.malformed(id: 0x1234)) { try DNSQuery(decoding: loop) }
    }

    @Test func answersAreReadableAndCompressed() throws {
        let question = try DNSQuery(decoding: query("db.default.svc.cluster.local"))
        let records = (1...3).map { DNSRecord(name: question.question.name, ttl: 5, data: .a([10, 0, 0, UInt8($0)])) }
        let bytes = DNSAnswer(answers: records).encoded(for: question, limit: 512)
        #expect(DNSAddressReader.addresses(in: bytes).map(\.bytes) == [[10, 0, 0, 1], [10, 0, 0, 2], [10, 0, 0, 3]])
        #expect(bytes.count == query("db.default.svc.cluster.local").count + 3 * 16, "each answer's name is a pointer of two bytes")
    }

    @Test func aLongAnswerIsTruncatedForUDP() throws {
        let question = try DNSQuery(decoding: query("db.default.svc.cluster.local"))
        let records = (0..<100).map { DNSRecord(name: question.question.name, ttl: 5, data: .a([10, 0, 0, UInt8($0)])) }
        let short = DNSAnswer(answers: records).encoded(for: question, limit: 512)
        #expect(short.count <= 512 && short[2] & 0x02 != 0)
        #expect(DNSAnswer(answers: records).encoded(for: question, limit: 65535)[2] & 0x02 == 0)
    }

    @Test func noBytesCanCrashTheReader() {
        var random = SplitMix(state: 7)
        let seed = query("hello.default.svc.cluster.local", edns: 1232)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...8, using: &random))
            if let read = try? DNSQuery(decoding: bytes) {
                _ = DNSAnswer(code: .nameError).encoded(for: read, limit: read.maxUDPSize)
            }
            _ = DNSAddressReader.addresses(in: bytes)
        }
    }
}

/// A small seeded generator, so that a failure repeats.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
