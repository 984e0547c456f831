import CLinux

/// Does blocking things in another network namespace than our own.
package enum NetworkNamespace {
    /// Runs `body` on a thread that has entered the namespace at `path` (such as `/run/netns/x`), and waits; on this thread when it is nil.
    /// `/proc/sys/net` is that namespace's within `body`.
    package static func run<Value: Sendable>(_ path: String?, _ body: @escaping @Sendable () throws -> Value) throws -> Value {
        guard let path else { return try body() }
        let box = ResultBox<Value>()
        let failure = Threads.runAndWait("netns") {
            let entered = apus_enter_netns(path)
            box.result = entered < 0 ? .failure(SystemError("enter the network namespace \(path)", errno: -entered)) : Result { try body() }
        }
        if let failure { throw failure }
        guard let result = box.result else { throw SystemError("enter the network namespace \(path)", errno: 0) }
        return try result.get()
    }
}

/// Written by one thread and read after that thread has been joined.
private final class ResultBox<Value: Sendable>: @unchecked Sendable {
    var result: Result<Value, any Error>?
}
