import NIOCore

/// One request, the way a connection sends it.
struct Request: Sendable {
    var method: String
    /// With the query.
    var path: String
    var contentType: String?
    var body = ByteBuffer()

    static func get(_ path: String) -> Request { Request(method: "GET", path: path) }

    static func post(_ path: String, _ json: String) -> Request {
        Request(method: "POST", path: path, contentType: "application/json", body: ByteBuffer(string: json))
    }

    static func mergePatch(_ path: String, _ json: String) -> Request {
        Request(method: "PATCH", path: path, contentType: "application/merge-patch+json", body: ByteBuffer(string: json))
    }

    /// Deletes at once, without a grace period.
    static func delete(_ path: String) -> Request {
        Request(
            method: "DELETE", path: path, contentType: "application/json",
            body: ByteBuffer(string: #"{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0}"#))
    }
}

/// Gets the answer to one request, piece by piece. All calls come on the connection's loop.
protocol AnswerReceiver: AnyObject {
    func head(status: Int)
    func bytes(_ part: ByteBuffer)
    func end()
    /// The answer will not come, or not to its end.
    func failed(_ error: LoadError)
}

/// A connection to a server, to be used on its loop only. It writes what it is given and never waits.
protocol ClientConnection: AnyObject {
    func send(_ request: Request, _ receiver: any AnswerReceiver)
    func close()
}

/// A load that cannot go on.
enum LoadError: Error, CustomStringConvertible {
    case connectionLost(String)
    case refused(work: String, status: Int, body: String)
    case notInTime(String)
    case unusable(String)

    var description: String {
        switch self {
        case .connectionLost(let reason): "the connection was lost: \(reason)"
        case .refused(let work, let status, let body): "\(work): answered with \(status): \(body)"
        case .notInTime(let what): "not within the time: \(what)"
        case .unusable(let what): what
        }
    }
}
