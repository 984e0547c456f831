import GRPCCore

/// Why a request to etcd failed.
struct EtcdFailure: Error {
    let code: RPCError.Code
    let message: String

    init(_ error: any Error) {
        if let error = error as? RPCError {
            code = error.code
            message = error.message
        } else {
            code = error is CancellationError ? .cancelled : .unknown
            message = "\(error)"
        }
    }

    /// Whether another member, or this one in a while, may answer. A change may have been made all the same.
    var mayPass: Bool {
        switch code {
        case .unavailable, .deadlineExceeded, .cancelled, .aborted, .unknown, .internalError: true
        default: false
        }
    }

    var isCompacted: Bool { code == .outOfRange && message.contains("has been compacted") }
    var isFuture: Bool { code == .outOfRange && message.contains("future revision") }

    /// What it means for a request that changed nothing, or that was refused.
    func refusal(at endpoints: String) -> StoreError {
        switch code {
        case .resourceExhausted where message.contains("space exceeded"): .diskFull(file: endpoints)
        case .invalidArgument: .invalid("a request: \(message)")
        default: .inputOutput(file: endpoints, detail: "\(code): \(message)")
        }
    }
}
