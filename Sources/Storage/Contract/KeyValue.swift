#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One key as it was at some revision.
package struct KeyValue: Sendable, Equatable {
    package var key: String
    package var value: [UInt8]
    /// The revision of the transaction that made the key (anew, if it had been deleted before).
    package var createRevision: Int64
    /// The revision of the last transaction that wrote the key. Equal to `createRevision` until the first update.
    package var modRevision: Int64

    package init(key: String, value: [UInt8], createRevision: Int64, modRevision: Int64) {
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.modRevision = modRevision
    }
}

/// Compares two keys by their UTF-8 bytes: negative when `first` comes before `second`, zero when they are the same bytes.
///
/// Not `String`'s own order and equality: those take canonically equivalent texts for equal, and a store must tell all keys apart.
package func compareKeys(_ first: String, _ second: String) -> Int {
    // `withUTF8` may make the string contiguous, hence the copies; keys made in Swift always are already.
    var first = first
    var second = second
    return first.withUTF8 { a in
        second.withUTF8 { b in
            if let startA = a.baseAddress, let startB = b.baseAddress {
                let order = memcmp(startA, startB, min(a.count, b.count))
                if order != 0 { return Int(order) }
            }
            return a.count - b.count
        }
    }
}

/// A key for use in dictionaries and sorted collections: equal and ordered by its UTF-8 bytes, see `compareKeys`.
package struct ExactKey: Hashable, Comparable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (first: ExactKey, second: ExactKey) -> Bool {
        compareKeys(first.text, second.text) == 0
    }

    package static func < (first: ExactKey, second: ExactKey) -> Bool {
        compareKeys(first.text, second.text) < 0
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
