@preconcurrency import Dispatch
import Glibc

/// Calls a closure for every arrival of a signal, instead of the signal's default action.
final class SignalWatcher: Sendable {
    private let source: any DispatchSourceSignal

    init(_ number: Int32, _ action: @escaping @Sendable () -> Void) {
        signal(number, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: action)
        source.resume()
    }

    func cancel() { source.cancel() }
}
