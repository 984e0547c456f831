/// What a reader has read of the objects and arrays that are still open. Their members are moved into an array of the right size when they close,
/// so that no array grows step by step.
struct ParseStack<Element>: ~Copyable {
    private var base: UnsafeMutablePointer<Element>?
    private var capacity = 0
    private(set) var count = 0

    init() {}

    deinit {
        base?.deinitialize(count: count)
        base?.deallocate()
    }

    @inline(__always)
    mutating func push(_ element: consuming Element) {
        if count == capacity { grow() }
        base?.advanced(by: count).initialize(to: element)
        count += 1
    }

    @inline(never)
    private mutating func grow() {
        let newCapacity = max(32, capacity * 2)
        let newBase = UnsafeMutablePointer<Element>.allocate(capacity: newCapacity)
        if let base {
            newBase.moveInitialize(from: base, count: count)
            base.deallocate()
        }
        base = newBase
        capacity = newCapacity
    }

    /// - Precondition: `index` is below the count.
    @inline(__always)
    subscript(_ index: Int) -> Element {
        // There is a buffer as soon as there is an element.
        base.unsafelyUnwrapped[index]
    }

    /// Takes the elements from a place on off the stack.
    mutating func popAll(from start: Int) -> [Element] {
        guard let base else { return [] }
        // One by one: an array made from uninitialised memory looks its type up by name each time.
        var elements: [Element] = []
        elements.reserveCapacity(count - start)
        var i = start
        while i < count {
            elements.append((base + i).move())
            i += 1
        }
        count = start
        return elements
    }

    mutating func removeAll(from start: Int) {
        base?.advanced(by: start).deinitialize(count: count - start)
        count = start
    }
}
