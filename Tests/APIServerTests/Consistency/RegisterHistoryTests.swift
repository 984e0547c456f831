import Testing

@Suite struct RegisterHistoryTests {
    typealias Row = (action: RegisterHistory.Action, answer: RegisterHistory.Answer, called: Int, answered: Int)

    @Test(
        arguments: [
            ([(.create(1), .done, 0, 1), (.read, .found(1), 2, 3), (.delete, .done, 4, 5), (.read, .notFound, 6, 7)], true),
            // Read before the write was answered: either is right.
            ([(.create(1), .done, 0, 9), (.read, .notFound, 1, 2), (.read, .found(1), 3, 4)], true),
            ([(.create(1), .done, 0, 9), (.read, .found(1), 1, 2), (.read, .notFound, 3, 4)], false),
            // Lost: answered, and not there afterwards.
            ([(.create(1), .done, 0, 1), (.read, .notFound, 2, 3)], false),
            // Two updates of the same state.
            (
                [
                    (.create(1), .done, 0, 1), (.update(from: 1, to: 2), .done, 2, 5), (.update(from: 1, to: 3), .done, 3, 6),
                ], false
            ),
            (
                [
                    (.create(1), .done, 0, 1), (.update(from: 1, to: 2), .done, 2, 5), (.update(from: 1, to: 3), .conflict, 3, 6),
                    (.read, .found(2), 7, 8),
                ], true
            ),
            // A read of what was replaced before it began.
            (
                [
                    (.create(1), .done, 0, 1), (.update(from: 1, to: 2), .done, 2, 3), (.read, .found(1), 4, 5),
                ], false
            ),
            // What nobody knows of may come late, but not come and go.
            ([(.create(1), .unknown, 0, 1), (.read, .notFound, 2, 3), (.read, .found(1), 4, 5)], true),
            ([(.create(1), .unknown, 0, 1), (.read, .found(1), 2, 3), (.read, .notFound, 4, 5)], false),
            ([(.create(1), .unknown, 0, 1), (.create(2), .done, 2, 3), (.read, .found(2), 4, 5)], true),
        ] as [([Row], Bool)])
    func verdicts(_ rows: [Row], _ expected: Bool) {
        let operations = rows.map { RegisterHistory.Operation(action: $0.action, answer: $0.answer, called: $0.called, answered: $0.answered) }
        #expect(RegisterHistory(operations: operations).isLinearizable == expected)
    }
}
