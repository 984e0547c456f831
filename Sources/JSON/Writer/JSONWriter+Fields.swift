/// Members for typed coders.
extension JSONWriter {
    // MARK: Omitted when nil or empty

    package mutating func field(_ key: StaticString, _ v: String?) { if let v { self.key(key); value(v) } }
    package mutating func field(_ key: StaticString, _ v: Bool?) { if let v { self.key(key); value(v) } }
    package mutating func field(_ key: StaticString, _ v: Int32?) { if let v { self.key(key); value(v) } }
    package mutating func field(_ key: StaticString, _ v: Int64?) { if let v { self.key(key); value(v) } }
    package mutating func field(_ key: StaticString, _ v: Double?) { if let v { self.key(key); value(v) } }
    package mutating func field(_ key: StaticString, _ v: [UInt8]) { if !v.isEmpty { self.key(key); value(v) } }
    /// Omitted when nil, written when empty.
    package mutating func field(_ key: StaticString, optional v: [UInt8]?) { if let v { self.key(key); value(v) } }
    package mutating func field(_ key: StaticString, _ v: [String]) { if !v.isEmpty { self.key(key); value(v) } }
    package mutating func field(_ key: StaticString, _ v: [Int32]) { if !v.isEmpty { self.key(key); value(v) } }
    package mutating func field(_ key: StaticString, _ v: [Int64]) { if !v.isEmpty { self.key(key); value(v) } }
    package mutating func field(_ key: StaticString, _ v: [[UInt8]]) { if !v.isEmpty { self.key(key); value(v) } }
    package mutating func field(_ key: StaticString, _ v: [String: String]) { if !v.isEmpty { self.key(key); value(v) } }
    package mutating func field(_ key: StaticString, _ v: [String: [UInt8]]) { if !v.isEmpty { self.key(key); value(v) } }
    package mutating func field(_ key: StaticString, _ v: [String: [String]]) { if !v.isEmpty { self.key(key); value(v) } }

    /// Omitted when the value writes itself as `{}`: for structs that are always there.
    package mutating func fieldUnlessEmpty<T: JSONCodable>(_ key: StaticString, _ v: T) {
        let start = count
        self.key(key)
        let valueStart = count
        v.write(json: &self)
        if isEmptyObject(from: valueStart) { wrote(start - count) }
    }

    package mutating func field<T: JSONCodable>(_ key: StaticString, _ v: [T]) { if v.count > 0 { requiredField(key, v) } }
    package mutating func field<T: JSONCodable>(_ key: StaticString, _ v: [String: T]) { if v.count > 0 { requiredField(key, v) } }

    /// This one, and only this, is inlined into coders: most optional structs are nil, which costs nothing to see where the type is known, and a look-up of
    /// generic metadata in a generic function. Half of the time of writing a pod went there.
    @inlinable @inline(__always)
    package mutating func field<T: JSONCodable>(_ key: StaticString, _ v: T?) { if let v { requiredField(key, v) } }

    // MARK: Always written

    package mutating func requiredField(_ key: StaticString, _ v: String) { self.key(key); value(v) }
    package mutating func requiredField(_ key: StaticString, _ v: Bool) { self.key(key); value(v) }
    package mutating func requiredField(_ key: StaticString, _ v: Int32) { self.key(key); value(v) }
    package mutating func requiredField(_ key: StaticString, _ v: Int64) { self.key(key); value(v) }
    package mutating func requiredField(_ key: StaticString, _ v: Double) { self.key(key); value(v) }
    @usableFromInline package mutating func requiredField<T: JSONCodable>(_ key: StaticString, _ v: T) { self.key(key); v.write(json: &self) }
    package mutating func requiredField(_ key: StaticString, _ v: [UInt8]) { self.key(key); value(v) }
    package mutating func requiredField(_ key: StaticString, _ v: [String]) { self.key(key); value(v) }
    package mutating func requiredField(_ key: StaticString, _ v: [Int32]) { self.key(key); value(v) }
    package mutating func requiredField(_ key: StaticString, _ v: [Int64]) { self.key(key); value(v) }
    package mutating func requiredField(_ key: StaticString, _ v: [[UInt8]]) { self.key(key); value(v) }
    package mutating func requiredField<T: JSONCodable>(_ key: StaticString, _ v: [T]) { self.key(key); value(v) }
    package mutating func requiredField(_ key: StaticString, _ v: [String: String]) { self.key(key); value(v) }
    package mutating func requiredField(_ key: StaticString, _ v: [String: [UInt8]]) { self.key(key); value(v) }
    package mutating func requiredField(_ key: StaticString, _ v: [String: [String]]) { self.key(key); value(v) }
    package mutating func requiredField<T: JSONCodable>(_ key: StaticString, _ v: [String: T]) { self.key(key); value(v) }
}
