import Synchronization

/// What somebody outside has to be asked, on behalf of one request, before it is known whether it may go on.
///
/// The steps of the road ask at once and must not wait. A step that finds a question open goes on as if the answer were no; whoever runs it
/// then throws its outcome away, waits for the answers, and runs it again.
package final class OpenQuestions: Sendable {
    private typealias Answer = @Sendable () async -> AuthorizationDecision

    private struct State {
        var answers: [AuthorizationAttributes: AuthorizationDecision] = [:]
        var open: [AuthorizationAttributes: Answer] = [:]
    }

    /// A request that asks more than this has lost its way.
    private static let questionsMax = 256

    private let state = Mutex(State())

    package init() {}

    /// The decision, as far as it is known.
    func decision(_ attributes: AuthorizationAttributes, by authorizer: any Authorizer) -> AuthorizationDecision {
        if let known = state.withLock({ $0.answers[attributes] }) { return known }
        let decision = authorizer.authorize(attributes)
        guard case .later(let answer) = decision else { return decision }
        state.withLock { state in
            if state.answers.count + state.open.count < Self.questionsMax { state.open[attributes] = answer }
        }
        return .noOpinion(reason: "")
    }

    var isOpen: Bool { state.withLock { !$0.open.isEmpty } }

    /// Returns when all that is open has been answered.
    func settle() async {
        let open = state.withLock { state in
            defer { state.open = [:] }
            return state.open
        }
        await withTaskGroup(of: (AuthorizationAttributes, AuthorizationDecision).self) { group in
            for (attributes, answer) in open { group.addTask { (attributes, await answer()) } }
            for await (attributes, decision) in group { state.withLock { $0.answers[attributes] = decision } }
        }
    }
}

extension APIRequest {
    func decision(_ attributes: AuthorizationAttributes, by authorizer: any Authorizer) -> AuthorizationDecision {
        questions?.decision(attributes, by: authorizer) ?? authorizer.authorize(attributes)
    }

    /// Runs a step again when the answers are there. False when nothing is open and the step's outcome counts.
    func retries(_ step: @escaping @Sendable () -> Void) -> Bool {
        guard let questions, questions.isOpen else { return false }
        Task {
            await questions.settle()
            step()
        }
        return true
    }
}
