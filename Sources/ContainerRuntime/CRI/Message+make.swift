package import SwiftProtobuf

extension Message {
    /// A message filled in by a closure, as SwiftProtobuf's `with`, but usable where only ContainerRuntime is imported.
    package static func make(_ fill: (inout Self) throws -> Void) rethrows -> Self {
        var message = Self()
        try fill(&message)
        return message
    }
}
