import CLinux
import Glibc

/// Threads for work that blocks, which must not hold up the threads of Swift's tasks or of NIO.
package enum Threads {
    /// Runs `body` on a thread of its own. Returns the reason when no thread could be made; `body` is not run then.
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> SystemError? {
        make(name, body).failure
    }

    /// As ``start(_:_:)``, and waits for its end.
    package static func runAndWait(_ name: String, _ body: @escaping @Sendable () -> Void) -> SystemError? {
        let made = make(name, body, joinable: true)
        if let thread = made.thread { pthread_join(thread, nil) }
        return made.failure
    }

    private final class Work {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private static func make(
        _ name: String, _ body: @escaping @Sendable () -> Void, joinable: Bool = false
    ) -> (thread: pthread_t?, failure: SystemError?) {
        let work = Unmanaged.passRetained(Work(name, body))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                let work = Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue()
                apus_name_thread(String(work.name.prefix(15)))
                work.body()
                return nil
            }, work.toOpaque())
        if result != 0 {
            work.release()
            return (nil, SystemError("make a thread", errno: result))
        }
        if !joinable { pthread_detach(thread) }
        return (thread, nil)
    }
}
