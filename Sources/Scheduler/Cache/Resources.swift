/// Amounts of what nodes have and pods ask for. Arithmetic saturates: amounts come from outside.
struct Resources: Equatable, Sendable {
    var milliCPU: Int64 = 0
    /// Bytes.
    var memory: Int64 = 0
    /// Bytes.
    var ephemeralStorage: Int64 = 0
    /// Extended resources and huge pages, by the number that `ResourceNames` gave each; may be shorter than the table.
    var scalars: [Int64] = []

    static func += (a: inout Resources, b: Resources) {
        a.milliCPU = a.milliCPU.saturatingAdding(b.milliCPU)
        a.memory = a.memory.saturatingAdding(b.memory)
        a.ephemeralStorage = a.ephemeralStorage.saturatingAdding(b.ephemeralStorage)
        a.grow(to: b.scalars.count)
        for index in b.scalars.indices { a.scalars[index] = a.scalars[index].saturatingAdding(b.scalars[index]) }
    }

    static func -= (a: inout Resources, b: Resources) {
        a.milliCPU = a.milliCPU.saturatingSubtracting(b.milliCPU)
        a.memory = a.memory.saturatingSubtracting(b.memory)
        a.ephemeralStorage = a.ephemeralStorage.saturatingSubtracting(b.ephemeralStorage)
        a.grow(to: b.scalars.count)
        for index in b.scalars.indices { a.scalars[index] = a.scalars[index].saturatingSubtracting(b.scalars[index]) }
    }

    /// Raises every amount to at least that of `other`.
    mutating func formMaximum(_ other: Resources) {
        milliCPU = max(milliCPU, other.milliCPU)
        memory = max(memory, other.memory)
        ephemeralStorage = max(ephemeralStorage, other.ephemeralStorage)
        grow(to: other.scalars.count)
        for index in other.scalars.indices { scalars[index] = max(scalars[index], other.scalars[index]) }
    }

    /// The amount of the extended resource with this number.
    func scalar(_ index: Int) -> Int64 { index < scalars.count ? scalars[index] : 0 }

    mutating func set(scalar index: Int, _ amount: Int64) {
        grow(to: index + 1)
        scalars[index] = amount
    }

    private mutating func grow(to count: Int) {
        while scalars.count < count { scalars.append(0) }
    }
}

/// Numbers for the names of extended resources, so that amounts are arrays and not dictionaries.
final class ResourceNames {
    private var numbers: [String: Int] = [:]
    private(set) var names: [String] = []

    func number(_ name: String) -> Int {
        if let number = numbers[name] { return number }
        numbers[name] = names.count
        names.append(name)
        return names.count - 1
    }
}

extension Int64 {
    func saturatingAdding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }

    func saturatingSubtracting(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }
}
