/// Which controllers run: what `--controllers` says.
package struct ControllerSelection: Sendable {
    /// Whether those run that nobody named.
    package var includesDefaults = true
    package var included: Set<String> = []
    package var excluded: Set<String> = []

    /// All.
    package init() {}

    func contains(_ name: String) -> Bool {
        if excluded.contains(name) { return false }
        return includesDefaults || included.contains(name)
    }
}
