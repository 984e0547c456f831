/// The decoded parameters of a request's query, in the order in which they came. A name may occur more than once.
package struct QueryItems: Sendable, Equatable, Sequence {
    package struct Item: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package private(set) var items: [Item]

    package init(_ items: [Item] = []) {
        self.items = items
    }

    /// Reads `a=1&b=x%20y`. A pair with a broken escape or a semicolon is left out, as upstream's parser does.
    package init(parsing query: Substring) {
        items = []
        guard !query.isEmpty else { return }
        for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
            if pair.contains(UInt8(ascii: ";")) { continue }
            let name: Substring.UTF8View
            let value: Substring.UTF8View
            if let equals = pair.firstIndex(of: UInt8(ascii: "=")) {
                name = Substring(pair[..<equals]).utf8
                value = Substring(pair[pair.index(after: equals)...]).utf8
            } else {
                name = Substring(pair).utf8
                value = Substring().utf8
            }
            guard let name = percentDecoded(name, plusIsSpace: true), let value = percentDecoded(value, plusIsSpace: true) else { continue }
            items.append(Item(name: name, value: value))
        }
    }

    package init(parsing query: String) {
        self.init(parsing: Substring(query))
    }

    package var isEmpty: Bool { items.isEmpty }

    /// The first value of that name, nil if there is none.
    package subscript(_ name: String) -> String? {
        for item in items where item.name == name { return item.value }
        return nil
    }

    package func all(_ name: String) -> [String] {
        items.compactMap { $0.name == name ? $0.value : nil }
    }

    /// A truth value as upstream reads it: absent, `false` and `0` are false, everything else is true.
    package func bool(_ name: String) -> Bool {
        guard let value = self[name] else { return false }
        return value != "0" && value.lowercased() != "false"
    }

    package mutating func append(name: String, value: String) {
        items.append(Item(name: name, value: value))
    }

    package mutating func remove(_ name: String) {
        items.removeAll { $0.name == name }
    }

    package func makeIterator() -> IndexingIterator<[Item]> { items.makeIterator() }

    /// The query with everything but unreserved characters escaped; empty when there are no parameters.
    package var encoded: String {
        items.map { percentEncoded($0.name) + "=" + percentEncoded($0.value) }.joined(separator: "&")
    }
}

/// Undoes `%XX` escapes. Nil if an escape is broken or the result is not UTF-8.
package func percentDecoded(_ bytes: Substring.UTF8View, plusIsSpace: Bool = false) -> String? {
    var needed = false
    for byte in bytes where byte == UInt8(ascii: "%") || (plusIsSpace && byte == UInt8(ascii: "+")) {
        needed = true
        break
    }
    if !needed { return String(Substring(bytes)) }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var iterator = bytes.makeIterator()
    while let byte = iterator.next() {
        switch byte {
        case UInt8(ascii: "%"):
            guard let high = iterator.next().flatMap(hexDigit), let low = iterator.next().flatMap(hexDigit) else { return nil }
            result.append(high << 4 | low)
        case UInt8(ascii: "+") where plusIsSpace:
            result.append(UInt8(ascii: " "))
        default:
            result.append(byte)
        }
    }
    return String(validating: result, as: UTF8.self)
}

/// Escapes all bytes but the unreserved ones of RFC 3986 and those of `keeping`.
package func percentEncoded(_ text: String, keeping: String = "") -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            result.append(byte)
        case _ where keeping.utf8.contains(byte):
            result.append(byte)
        default:
            result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: result, as: UTF8.self)
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
