/// The members of a JSON object in the order in which they came. Keys are unique and compared byte by byte.
package struct JSONObject: Sendable {
    package typealias Element = (key: String, value: JSONValue)

    /// Objects of more members than this are given an index; below it a walk is faster.
    static let indexThreshold = 24

    /// A struct and not the tuple that users see: arrays of tuples are copied and destroyed part by part through the runtime's tables.
    package struct Member: Sendable {
        package var key: String
        package var value: JSONValue

        package init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    private(set) var entries: [Member]
    private var index: [ByteKey: Int]?

    package init() {
        entries = []
        index = nil
    }

    /// Takes members whose keys the caller knows to be unique.
    package init(uniqueEntries: [Element]) {
        self.init(uniqueMembers: uniqueEntries.map { Member($0.key, $0.value) })
    }

    /// The same, without making a new array.
    package init(uniqueMembers: [Member]) {
        entries = uniqueMembers
        index = nil
        if entries.count > Self.indexThreshold { rebuildIndex() }
    }

    /// Takes members among which some may have the same key: the last one wins, at the place of the first.
    init(repeating members: [Member]) {
        self.init()
        for member in members { self[member.key] = member.value }
    }

    private mutating func rebuildIndex() {
        guard entries.count > Self.indexThreshold else {
            index = nil
            return
        }
        var index: [ByteKey: Int] = [:]
        index.reserveCapacity(entries.count)
        for (i, entry) in entries.enumerated() { index[ByteKey(entry.key)] = i }
        self.index = index
    }

    func position(of key: String) -> Int? {
        if let index { return index[ByteKey(key)] }
        return entries.withUnsafeBufferPointer { entries in
            var i = 0
            while i < entries.count {
                if sameBytes(entries[i].key, key) { return i }
                i += 1
            }
            return nil
        }
    }

    package var count: Int { entries.count }
    package var isEmpty: Bool { entries.isEmpty }
    package var keys: [String] { entries.map(\.key) }
    package var values: [JSONValue] { entries.map(\.value) }
    package func contains(_ key: String) -> Bool { position(of: key) != nil }

    /// Setting nil removes the member; a new member goes to the end. Changing in place does not copy the value.
    package subscript(_ key: String) -> JSONValue? {
        get {
            position(of: key).map { entries[$0].value }
        }
        _modify {
            let position = position(of: key)
            var value: JSONValue?
            if let position {
                value = entries[position].value
                entries[position].value = .null
            }
            defer { put(value, at: position, key: key) }
            yield &value
        }
        set {
            put(newValue, at: position(of: key), key: key)
        }
    }

    /// Changes a member where it stands if it is there and not null.
    package mutating func edit(_ key: String, _ body: (inout JSONValue) -> Void) {
        guard let position = position(of: key) else { return }
        if case .null = entries[position].value { return }
        var value = JSONValue.null
        swap(&value, &entries[position].value)
        body(&value)
        swap(&value, &entries[position].value)
    }

    private mutating func put(_ value: JSONValue?, at position: Int?, key: String) {
        switch (position, value) {
        case (let position?, let value?):
            entries[position].value = value
        case (let position?, nil):
            entries.remove(at: position)
            if index != nil { rebuildIndex() }
        case (nil, let value?):
            entries.append(Member(key, value))
            if index != nil {
                index?[ByteKey(key)] = entries.count - 1
            } else if entries.count > Self.indexThreshold {
                rebuildIndex()
            }
        case (nil, nil):
            break
        }
    }

    /// Removes a member and returns what it was.
    @discardableResult
    package mutating func removeValue(forKey key: String) -> JSONValue? {
        guard let position = position(of: key) else { return nil }
        let value = entries[position].value
        put(nil, at: position, key: key)
        return value
    }

    /// Removes all members for which the predicate holds, in one pass.
    package mutating func removeAll(where predicate: (Element) -> Bool) {
        entries.removeAll { predicate(($0.key, $0.value)) }
        if index != nil { rebuildIndex() }
    }

    /// Whether the predicate holds for all members; those behind the first for which it does not are not looked at.
    package func allMembers(_ predicate: (String, JSONValue) -> Bool) -> Bool {
        entries.withUnsafeBufferPointer { entries in
            var i = 0
            while i < entries.count {
                if !predicate(entries[i].key, entries[i].value) { return false }
                i += 1
            }
            return true
        }
    }

    /// The members for which the predicate holds, in the same order.
    package func filter(_ predicate: (Element) -> Bool) -> JSONObject {
        JSONObject(uniqueMembers: entries.filter { predicate(($0.key, $0.value)) })
    }

    /// The same keys with other values.
    package func mapValues(_ transform: (JSONValue) -> JSONValue) -> JSONObject {
        JSONObject(uniqueMembers: entries.map { Member($0.key, transform($0.value)) })
    }

    /// The same members with these two first, where they are there.
    package func beginning(with first: String, _ second: String) -> JSONObject {
        func isWanted(_ member: Member) -> Bool { sameBytes(member.key, first) || sameBytes(member.key, second) }
        if entries.prefix(2).allSatisfy(isWanted) { return self }
        let wanted = [first, second].compactMap { position(of: $0).map { entries[$0] } }
        return JSONObject(uniqueMembers: wanted + entries.filter { !isWanted($0) })
    }

    /// The same members in the order of the keys' bytes.
    package func sortedByKey() -> JSONObject {
        JSONObject(uniqueMembers: entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    }
}

extension JSONObject: Sequence {
    package struct Iterator: IteratorProtocol {
        private let entries: [Member]
        private var position = 0

        init(_ entries: [Member]) { self.entries = entries }

        package mutating func next() -> Element? {
            guard position < entries.count else { return nil }
            defer { position += 1 }
            return (entries[position].key, entries[position].value)
        }
    }

    package func makeIterator() -> Iterator { Iterator(entries) }
    package var underestimatedCount: Int { entries.count }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init()
        for (key, value) in elements { self[key] = value }
    }
}

extension JSONObject {
    /// Whether both are copies of one object that nobody has changed since.
    private func isSameStorage(as other: JSONObject) -> Bool {
        entries.withUnsafeBufferPointer { mine in other.entries.withUnsafeBufferPointer { mine.baseAddress == $0.baseAddress } }
    }
}

extension JSONObject: Equatable {
    package static func == (a: JSONObject, b: JSONObject) -> Bool {
        guard a.count == b.count else { return false }
        // A part of a document that was changed elsewhere is still the same memory as before.
        if a.isSameStorage(as: b) { return true }
        for (i, entry) in a.entries.enumerated() {
            // Objects that come from the same writer have their members in the same order.
            if sameBytes(b.entries[i].key, entry.key) {
                guard b.entries[i].value == entry.value else { return false }
            } else {
                guard let other = b.position(of: entry.key), b.entries[other].value == entry.value else { return false }
            }
        }
        return true
    }
}

/// Whether two strings are the same bytes. Swift's `==` takes canonically equivalent strings for equal; two spellings of a key are two keys.
@inline(__always)
func sameBytes(_ a: String, _ b: String) -> Bool {
    // Most strings that differ differ in length, which a string knows.
    a.utf8.count == b.utf8.count && sameBytesOfSameCount(a, b)
}

private func sameBytesOfSameCount(_ a: String, _ b: String) -> Bool {
    let same = a.utf8.withContiguousStorageIfAvailable { x in
        b.utf8.withContiguousStorageIfAvailable { y in sameBytes(UnsafeRawBufferPointer(x), UnsafeRawBufferPointer(y)) }
    }
    return (same ?? nil) ?? a.utf8.elementsEqual(b.utf8)
}

/// - Precondition: both have the same count.
@inline(__always)
private func sameBytes(_ x: UnsafeRawBufferPointer, _ y: UnsafeRawBufferPointer) -> Bool {
    let count = x.count
    var i = 0
    while i + 8 <= count {
        if x.loadUnaligned(fromByteOffset: i, as: UInt64.self) != y.loadUnaligned(fromByteOffset: i, as: UInt64.self) { return false }
        i += 8
    }
    while i < count {
        if x[i] != y[i] { return false }
        i += 1
    }
    return true
}

/// A key of an index: hashed and compared by its bytes.
struct ByteKey: Hashable {
    let string: String

    init(_ string: String) { self.string = string }

    static func == (a: ByteKey, b: ByteKey) -> Bool { sameBytes(a.string, b.string) }

    func hash(into hasher: inout Hasher) {
        var copy = string
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
