/// A place inside an object, printed as upstream prints it: `spec.containers[0].image`, `data[some.key]`.
///
/// Paths are built when validation walks an object that something is wrong with; see ``FieldErrors``.
package indirect enum FieldPath: Sendable, CustomStringConvertible {
    case root
    case member(FieldPath, String)
    case element(FieldPath, Int)
    case entry(FieldPath, String)

    package var description: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .root:
            return
        case .member(let parent, let name):
            parent.write(to: &text)
            if !text.isEmpty { text += "." }
            text += name
        case .element(let parent, let index):
            parent.write(to: &text)
            text += "[\(index)]"
        case .entry(let parent, let key):
            parent.write(to: &text)
            text += "[\(key)]"
        }
    }

    /// A path from its dotted form, for places that are known in advance (`spec.template.spec`).
    package init(_ dotted: String) {
        var path = FieldPath.root
        for part in dotted.split(separator: ".") { path = .member(path, String(part)) }
        self = path
    }
}
