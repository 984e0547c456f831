import JSON
import NIOCore

/// One answer, kept whole.
final class WholeAnswer: AnswerReceiver {
    private static let patience = TimeAmount.seconds(30)

    private let work: String
    private let done: EventLoopPromise<ByteBuffer>
    private let giveUp: Scheduled<Void>
    private var status = 0
    private var body = ByteBuffer()

    private init(_ work: String, _ loop: any EventLoop) {
        self.work = work
        let done = loop.makePromise(of: ByteBuffer.self)
        self.done = done
        giveUp = loop.scheduleTask(in: Self.patience) { done.fail(LoadError.notInTime("an answer to: \(work)")) }
    }

    /// - Throws: `LoadError` for a status other than 200 and 201.
    static func ask(_ request: Request, on line: Line) async throws -> JSONValue {
        let body = try await line.loop.flatSubmit {
            let answer = WholeAnswer("\(request.method) \(request.path)", line.loop)
            line.connection.send(request, answer)
            return answer.done.futureResult
        }.get()
        return try JSONValue(parsing: Array(body.readableBytesView))
    }

    func head(status: Int) { self.status = status }

    func bytes(_ part: ByteBuffer) { body.writeImmutableBuffer(part) }

    func end() {
        giveUp.cancel()
        if status == 200 || status == 201 {
            done.succeed(body)
        } else {
            done.fail(LoadError.refused(work: work, status: status, body: String(buffer: body)))
        }
    }

    func failed(_ error: LoadError) {
        giveUp.cancel()
        done.fail(error)
    }
}
