/// What clients did to one object and what they were told, checked for linearizability: whether there is an order of the operations, each between its
/// call and its answer, in which one copy of the object would have given the same answers (Wing and Gong's search, remembering what it has seen).
struct RegisterHistory {
    enum Action: Hashable, Sendable {
        case create(Int)
        /// On condition that the object still is as it was read.
        case update(from: Int, to: Int)
        case delete
        case read
    }

    enum Answer: Hashable, Sendable {
        case done
        /// It exists already, or is not as it was read.
        case conflict
        case notFound
        case found(Int)
        /// It may have been done, or be done later, or never.
        case unknown
    }

    struct Operation: Sendable {
        var action: Action
        var answer: Answer
        /// Places in the one order of all calls and answers of the test.
        var called: Int
        var answered: Int

        /// When it must have taken effect at the latest.
        fileprivate var deadline: Int { answer == .unknown ? .max : answered }
    }

    private struct Position: Hashable {
        var done: Set<Int>
        /// The value that the object has; nil: there is none.
        var value: Int?
    }

    var operations: [Operation] = []

    /// The operations that were underway when the first answer was given that cannot be; nil when the history is linearizable.
    var complaint: [Operation]? {
        if isLinearizable { return nil }
        for end in operations.map(\.answered).sorted() {
            // As it was known at that time.
            var before = RegisterHistory(operations: operations.filter { $0.called < end })
            for index in before.operations.indices where before.operations[index].answered > end { before.operations[index].answer = .unknown }
            if before.isLinearizable { continue }
            let last = operations.first { $0.answered == end }
            return operations.filter { $0.called <= end && $0.answered >= (last?.called ?? 0) - 20 }.sorted { $0.called < $1.called }
        }
        return []
    }

    var isLinearizable: Bool {
        let operations = operations.sorted { $0.called < $1.called }
        let mustHappen = operations.count { $0.answer != .unknown }
        var seen: Set<Position> = []
        var open = [Position(done: [], value: nil)]
        while let position = open.popLast() {
            guard seen.insert(position).inserted else { continue }
            if position.done.count(where: { operations[$0].answer != .unknown }) == mustHappen { return true }
            let left = operations.indices.filter { !position.done.contains($0) }
            // What was called only after another's answer cannot come before it.
            let end = left.lazy.map { operations[$0].deadline }.min() ?? .max
            for index in left.reversed() where operations[index].called < end {
                guard let next = Self.apply(operations[index], to: position.value) else { continue }
                open.append(Position(done: position.done.union([index]), value: next))
            }
        }
        return false
    }

    /// - Returns: what the object is afterwards; nil when the operation cannot have got its answer here.
    private static func apply(_ operation: Operation, to value: Int?) -> Int?? {
        switch (operation.action, operation.answer) {
        case (.create(let new), .done) where value == nil: .some(new)
        case (.create, .conflict) where value != nil: .some(value)
        case (.update(let old, let new), .done) where value == old: .some(new)
        case (.update(let old, _), .conflict) where value != nil && value != old: .some(value)
        case (.update, .notFound) where value == nil: .some(nil)
        case (.delete, .done) where value != nil: .some(nil)
        case (.delete, .notFound) where value == nil: .some(nil)
        case (.read, .found(let read)) where value == read: .some(value)
        case (.read, .notFound) where value == nil: .some(nil)
        // Done at last, where that is possible; that it is never done needs no place in the order.
        case (.create(let new), .unknown) where value == nil: .some(new)
        case (.update(let old, let new), .unknown) where value == old: .some(new)
        case (.delete, .unknown) where value != nil: .some(nil)
        default: nil
        }
    }
}
