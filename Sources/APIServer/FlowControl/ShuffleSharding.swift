import Glibc

/// Deals each flow a small hand of queues out of many, so that a flow that fills its own queues seldom fills all of another's.
enum ShuffleSharding {
    /// The hands are drawn from a hash of 64 bits, of which this many are told apart evenly enough.
    static let entropyBitsMax = 60

    /// How many bits it takes to tell all hands apart; nil when there is no such hand.
    static func entropyBits(queues: Int64, hand: Int64) -> Int? {
        guard hand >= 1, hand <= queues, hand <= 64 else { return hand > 64 ? Int.max : nil }
        var bits = 0.0
        for place in 0..<hand { bits += log2(Double(queues - place)) }
        return Int(bits.rounded(.up))
    }

    /// Calls `body` with each card of the hand: different queues, the same ones for the same hash.
    static func deal(hash: UInt64, queues: Int, hand: Int, _ body: (Int) -> Void) {
        var rest = hash
        var dealt: [Int] = []
        dealt.reserveCapacity(hand)
        for place in 0..<min(hand, queues) {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: UInt64(queues - place))
            rest = quotient
            // The card is counted among those that are still in the deck.
            var card = Int(remainder)
            var slot = 0
            while slot < dealt.count, card >= dealt[slot] {
                card += 1
                slot += 1
            }
            dealt.insert(card, at: slot)
            body(card)
        }
    }

    /// FNV-1a of the schema's name and of what tells its flows apart.
    static func hash(_ schema: String, _ flow: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in schema.utf8 { mix(byte) }
        mix(0)
        for byte in flow.utf8 { mix(byte) }
        // The low bits of short texts differ too little.
        hash ^= hash >> 33
        hash = hash &* 0xff51_afd7_ed55_8ccd
        return hash ^ (hash >> 33)
    }
}
