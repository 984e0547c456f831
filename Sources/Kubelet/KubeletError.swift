/// What keeps the node agent or one of its steps from going on, in words for people: what was tried, what happened, what to do.
package struct KubeletError: Error, CustomStringConvertible, Sendable {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}
