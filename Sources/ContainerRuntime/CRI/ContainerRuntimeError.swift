package import GRPCCore

/// A call to the container runtime that failed: which one, about what, and the runtime's own words.
package struct ContainerRuntimeError: Error, CustomStringConvertible {
    /// The RPC's name, such as `StartContainer`.
    package var rpc: String
    /// What the call was about: a container's or sandbox's id or name, an image; empty where there is none.
    package var subject: String
    package var code: RPCError.Code
    /// The runtime's message as it came. Upstream shows it to users in events and statuses.
    package var message: String

    package init(rpc: String, subject: String, code: RPCError.Code, message: String) {
        self.rpc = rpc
        self.subject = subject
        self.code = code
        self.message = message
    }

    package var isNotFound: Bool { code == .notFound }
    package var isAlreadyExists: Bool { code == .alreadyExists }
    package var isUnimplemented: Bool { code == .unimplemented }
    package var isDeadlineExceeded: Bool { code == .deadlineExceeded }
    package var isInvalidArgument: Bool { code == .invalidArgument }
    /// The runtime could not be reached or is just starting; the call may be tried again.
    package var isUnavailable: Bool { code == .unavailable || message.contains("server is not initialized yet") }

    package var description: String {
        "runtime call \(rpc)\(subject.isEmpty ? "" : " of \(subject)") failed: \(code): \(message)"
    }
}
