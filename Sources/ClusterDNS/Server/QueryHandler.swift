import NIOCore
import Synchronization

/// Answers the bytes of one query from the zone, or by forwarding. Thread-safe.
final class QueryHandler: Sendable {
    private let zone: Mutex<ClusterZone>
    private let forwarder: Forwarder?

    init(zone: ClusterZone, forwarder: Forwarder?) {
        self.zone = Mutex(zone)
        self.forwarder = forwarder
    }

    /// Changes the zone; queries see all of the change or nothing of it.
    func update(_ change: (inout ClusterZone) -> Void) {
        zone.withLock { change(&$0) }
    }

    /// The answer, or nil when the bytes deserve none.
    /// - Parameter limit: the transport's largest answer; nil means that the query's own UDP limit holds.
    func answer(_ bytes: [UInt8], limit: Int?, on loop: any EventLoop) -> EventLoopFuture<[UInt8]?> {
        let query: DNSQuery
        do {
            query = try DNSQuery(decoding: bytes)
        } catch {
            if case .malformed(let id) = error { return loop.makeSucceededFuture(DNSAnswer.formatError(id: id)) }
            return loop.makeSucceededFuture(nil)
        }
        let limit = limit ?? query.maxUDPSize
        func done(_ answer: DNSAnswer) -> EventLoopFuture<[UInt8]?> {
            loop.makeSucceededFuture(answer.encoded(for: query, limit: limit))
        }
        guard query.opcode == 0 else { return done(DNSAnswer(code: .notImplemented, isAuthoritative: false)) }
        let current = zone.withLock { $0 }
        switch current.resolve(query.question) {
        case .answer(let answer):
            return done(answer)
        case .forward:
            guard let forwarder else { return done(DNSAnswer(code: .nameError, isAuthoritative: false)) }
            return forwarder.forward(bytes).hop(to: loop).map { answer in
                answer ?? DNSAnswer(code: .serverFailure, isAuthoritative: false).encoded(for: query, limit: limit)
            }
        case .alias(let record, let target):
            // An alias to a name of our own is followed here; the client's resolver follows the others.
            var question = query.question
            question.name = target
            if question.type != .cname, case .answer(let rest) = current.resolve(question) {
                return done(DNSAnswer(answers: [record] + rest.answers, additional: rest.additional))
            }
            guard question.type != .cname, let forwarder else { return done(DNSAnswer(answers: [record])) }
            return follow(target, query, record, forwarder, limit, loop)
        }
    }

    /// Asks the outside for an alias's target and puts the alias before what comes back.
    private func follow(
        _ target: DNSName, _ query: DNSQuery, _ record: DNSRecord, _ forwarder: Forwarder, _ limit: Int, _ loop: any EventLoop
    ) -> EventLoopFuture<[UInt8]?> {
        forwarder.forward(DNSQuery.encode(id: query.id, name: target, type: query.question.type)).hop(to: loop).map { bytes in
            let addresses = bytes.map { DNSAddressReader.addresses(in: $0) } ?? []
            let answers = addresses.map { DNSRecord(name: target, ttl: record.ttl, data: $0.recordData) }
            return DNSAnswer(answers: [record] + answers).encoded(for: query, limit: limit)
        }
    }
}
