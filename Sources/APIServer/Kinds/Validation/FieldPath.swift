/// A place inside an object, printed as upstream prints it: `spec.containers[0].image`, `data[some.key]`.
///
/// Paths are built while validation walks an object and are only printed when something is wrong, so a step costs one small box.
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
