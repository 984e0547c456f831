/// XSalsa20 with Poly1305, as NaCl's `secretbox` has it: authenticated encryption with nonces long enough to be drawn at random.
package enum SecretBox {
    package static let keyLength = 32
    package static let nonceLength = 24
    package static let tagLength = 16

    /// The tag and then the ciphertext. Key and nonce have the lengths above.
    package static func seal(_ message: [UInt8], key: [UInt8], nonce: [UInt8]) -> [UInt8] {
        var stream = Salsa20(key: Salsa20.derived(key, nonce: Array(nonce[..<16])), nonce: Array(nonce[16...]))
        let tagKey = stream.next(32)
        let ciphertext = stream.xor(message)
        return Poly1305.tag(ciphertext, key: tagKey) + ciphertext
    }

    /// Nil when the box was not made with this key and nonce.
    package static func open(_ box: [UInt8], key: [UInt8], nonce: [UInt8]) -> [UInt8]? {
        guard box.count >= tagLength, key.count == keyLength, nonce.count == nonceLength else { return nil }
        var stream = Salsa20(key: Salsa20.derived(key, nonce: Array(nonce[..<16])), nonce: Array(nonce[16...]))
        let tagKey = stream.next(32)
        let ciphertext = Array(box[tagLength...])
        guard constantTimeEqual(Poly1305.tag(ciphertext, key: tagKey), box[..<tagLength]) else { return nil }
        return stream.xor(ciphertext)
    }
}

/// The stream cipher Salsa20.
private struct Salsa20 {
    private static let constants: [UInt32] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]

    private var state: [UInt32]
    private var block: [UInt8] = []
    private var used = 64

    init(key: [UInt8], nonce: [UInt8]) {
        state = Self.layout(key, Self.words(nonce) + [0, 0])
    }

    /// HSalsa20: a key for one long nonce.
    static func derived(_ key: [UInt8], nonce: [UInt8]) -> [UInt8] {
        let mixed = rounds(layout(key, words(nonce)))
        return [0, 5, 10, 15, 6, 7, 8, 9].flatMap { bytes(mixed[$0]) }
    }

    mutating func next(_ count: Int) -> [UInt8] { xor([UInt8](repeating: 0, count: count)) }

    mutating func xor(_ input: [UInt8]) -> [UInt8] {
        var output = input
        for index in output.indices {
            if used == 64 { refill() }
            output[index] ^= block[used]
            used += 1
        }
        return output
    }

    private mutating func refill() {
        let mixed = Self.rounds(state)
        block = zip(mixed, state).flatMap { Self.bytes($0 &+ $1) }
        used = 0
        state[8] &+= 1
        if state[8] == 0 { state[9] &+= 1 }
    }

    private static func layout(_ key: [UInt8], _ middle: [UInt32]) -> [UInt32] {
        let k = words(key)
        return [constants[0]] + k[..<4] + [constants[1]] + middle + [constants[2]] + k[4...] + [constants[3]]
    }

    private static func rounds(_ input: [UInt32]) -> [UInt32] {
        var x = input
        func rotate(_ value: UInt32, _ by: UInt32) -> UInt32 { value << by | value >> (32 - by) }
        func quarter(_ a: Int, _ b: Int, _ c: Int, _ d: Int) {
            x[b] ^= rotate(x[a] &+ x[d], 7)
            x[c] ^= rotate(x[b] &+ x[a], 9)
            x[d] ^= rotate(x[c] &+ x[b], 13)
            x[a] ^= rotate(x[d] &+ x[c], 18)
        }
        for _ in 0..<10 {
            quarter(0, 4, 8, 12)
            quarter(5, 9, 13, 1)
            quarter(10, 14, 2, 6)
            quarter(15, 3, 7, 11)
            quarter(0, 1, 2, 3)
            quarter(5, 6, 7, 4)
            quarter(10, 11, 8, 9)
            quarter(15, 12, 13, 14)
        }
        return x
    }

    private static func words(_ bytes: [UInt8]) -> [UInt32] {
        var words = [UInt32](repeating: 0, count: bytes.count / 4)
        for (index, byte) in bytes.enumerated() { words[index / 4] |= UInt32(byte) << UInt32(index % 4 * 8) }
        return words
    }

    private static func bytes(_ word: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32($0 * 8)) }
    }
}

/// The one-time authenticator Poly1305, on five limbs of 26 bits.
private enum Poly1305 {
    static func tag(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        func load(_ bytes: [UInt8], _ at: Int) -> UInt64 {
            var word: UInt64 = 0
            for byte in bytes[at..<at + 4].reversed() { word = word << 8 | UInt64(byte) }
            return word
        }
        let mask: UInt64 = 0x3ff_ffff
        let r0 = load(key, 0) & 0x3ff_ffff
        let r1 = (load(key, 3) >> 2) & 0x3ff_ff03
        let r2 = (load(key, 6) >> 4) & 0x3ff_c0ff
        let r3 = (load(key, 9) >> 6) & 0x3f0_3fff
        let r4 = (load(key, 12) >> 8) & 0x00f_ffff
        let (s1, s2, s3, s4) = (r1 * 5, r2 * 5, r3 * 5, r4 * 5)
        var (h0, h1, h2, h3, h4): (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
        var index = 0
        while index < message.count {
            let count = min(16, message.count - index)
            var block = Array(message[index..<index + count]) + [UInt8](repeating: 0, count: 17 - count)
            block[count] = 1
            h0 += load(block, 0) & mask
            h1 += (load(block, 3) >> 2) & mask
            h2 += (load(block, 6) >> 4) & mask
            h3 += (load(block, 9) >> 6) & mask
            h4 += (load(block, 12) >> 8) | UInt64(block[16]) << 24
            let d0: UInt64 = h0 * r0 + h1 * s4 + h2 * s3 + h3 * s2 + h4 * s1
            var d1: UInt64 = h0 * r1 + h1 * r0 + h2 * s4 + h3 * s3 + h4 * s2
            var d2: UInt64 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * s4 + h4 * s3
            var d3: UInt64 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s4
            var d4: UInt64 = h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0
            h0 = d0 & mask
            d1 += d0 >> 26
            h1 = d1 & mask
            d2 += d1 >> 26
            h2 = d2 & mask
            d3 += d2 >> 26
            h3 = d3 & mask
            d4 += d3 >> 26
            h4 = d4 & mask
            h0 += (d4 >> 26) * 5
            h1 += h0 >> 26
            h0 &= mask
            index += 16
        }
        // Carry fully, then subtract the modulus if that does not go below zero.
        h2 += h1 >> 26
        h1 &= mask
        h3 += h2 >> 26
        h2 &= mask
        h4 += h3 >> 26
        h3 &= mask
        h0 += (h4 >> 26) * 5
        h4 &= mask
        h1 += h0 >> 26
        h0 &= mask
        var g0 = h0 + 5
        var g1 = h1 + (g0 >> 26)
        g0 &= mask
        var g2 = h2 + (g1 >> 26)
        g1 &= mask
        var g3 = h3 + (g2 >> 26)
        g2 &= mask
        let g4 = h4 &+ (g3 >> 26) &- (1 << 26)
        g3 &= mask
        // All ones where the difference is the result; no branch on a secret.
        let use = (g4 >> 63) &- 1
        h0 = h0 & ~use | g0 & use
        h1 = h1 & ~use | g1 & use
        h2 = h2 & ~use | g2 & use
        h3 = h3 & ~use | g3 & use
        h4 = h4 & ~use | g4 & mask & use
        let low: UInt64 = 0xffff_ffff
        let w0: UInt64 = h0 | (h1 << 26)
        let w1: UInt64 = (h1 >> 6) | (h2 << 20)
        let w2: UInt64 = (h2 >> 12) | (h3 << 14)
        let w3: UInt64 = (h3 >> 18) | (h4 << 8)
        let words: [UInt64] = [w0 & low, w1 & low, w2 & low, w3 & low]
        var result: [UInt8] = []
        var carry: UInt64 = 0
        for (number, word) in words.enumerated() {
            carry += word + load(key, 16 + number * 4)
            result += (0..<4).map { UInt8(truncatingIfNeeded: carry >> UInt64($0 * 8)) }
            carry >>= 32
        }
        return result
    }
}
