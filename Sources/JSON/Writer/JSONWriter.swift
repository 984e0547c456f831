/// Writes one compact document into a growing buffer. Commas are put where they are needed; the caller is trusted to call in a meaningful order.
@usableFromInline package struct JSONWriter: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    package private(set) var count = 0

    /// - Parameter capacity: a guess at the document's size in bytes.
    package init(capacity: Int = 1024) {
        self.capacity = max(capacity, 64)
        base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    /// The document. The writer is empty afterwards and can be used again.
    package mutating func finish() -> [UInt8] {
        let bytes = Array(UnsafeRawBufferPointer(start: base, count: count))
        count = 0
        return bytes
    }

    // MARK: Raw bytes

    /// Makes room and returns where to write; follow with `wrote`.
    @inline(__always)
    mutating func reserve(_ additional: Int) -> UnsafeMutableRawPointer {
        if capacity - count < additional { grow(additional) }
        return base + count
    }

    @inline(__always)
    mutating func wrote(_ bytes: Int) { count += bytes }

    @inline(never)
    private mutating func grow(_ additional: Int) {
        let newCapacity = max(capacity * 2, count + additional)
        let newBase = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 16)
        newBase.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = newBase
        capacity = newCapacity
    }

    @inline(__always)
    mutating func byte(_ byte: UInt8) {
        reserve(1).storeBytes(of: byte, as: UInt8.self)
        count += 1
    }

    @inline(__always)
    mutating func literal(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        reserve(length).copyMemory(from: text.utf8Start, byteCount: length)
        count += length
    }

    /// Whether nothing but `{}` has been written since `start`.
    func isEmptyObject(from start: Int) -> Bool {
        count == start + 2 && base.load(fromByteOffset: start, as: UInt8.self) == UInt8(ascii: "{")
    }

    mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    // MARK: Structure

    /// A comma, unless a value begins here. Outside of strings, which always end in a quote, these bytes are only ever structure.
    @inline(__always)
    mutating func separate() {
        guard count > 0 else { return }
        switch base.load(fromByteOffset: count - 1, as: UInt8.self) {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): break
        default: byte(UInt8(ascii: ","))
        }
    }

    package mutating func beginObject() {
        separate()
        byte(UInt8(ascii: "{"))
    }

    package mutating func endObject() { byte(UInt8(ascii: "}")) }

    package mutating func beginArray() {
        separate()
        byte(UInt8(ascii: "["))
    }

    package mutating func endArray() { byte(UInt8(ascii: "]")) }

    /// A key that needs no escaping.
    package mutating func key(_ key: StaticString) {
        let length = key.utf8CodeUnitCount
        let start = reserve(length + 4)
        var place = 0
        if count > 0 {
            let last = base.load(fromByteOffset: count - 1, as: UInt8.self)
            if last != UInt8(ascii: "{") {
                start.storeBytes(of: UInt8(ascii: ","), as: UInt8.self)
                place = 1
            }
        }
        start.storeBytes(of: UInt8(ascii: "\""), toByteOffset: place, as: UInt8.self)
        (start + place + 1).copyMemory(from: key.utf8Start, byteCount: length)
        start.storeBytes(of: UInt8(ascii: "\""), toByteOffset: place + 1 + length, as: UInt8.self)
        start.storeBytes(of: UInt8(ascii: ":"), toByteOffset: place + 2 + length, as: UInt8.self)
        count += place + 3 + length
    }

    package mutating func key(_ key: String) {
        separate()
        string(key)
        byte(UInt8(ascii: ":"))
    }

    /// The members that a type did not know, inside its object.
    package mutating func unknown(_ unknown: JSONUnknownFields) {
        guard !unknown.isEmpty else { return }
        separate()
        unknown.bytes.withUnsafeBytes { bytes($0) }
    }

    /// A value that is already written, compact or not. It must be valid JSON.
    package mutating func rawValue(_ json: [UInt8]) {
        separate()
        json.withUnsafeBytes { bytes($0) }
    }

    package mutating func rawValue(_ json: UnsafeRawBufferPointer) {
        separate()
        bytes(json)
    }
}
