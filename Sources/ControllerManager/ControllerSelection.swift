/// Which controllers run: what `--controllers` says.
package struct ControllerSelection: Sendable {
    /// Whether those run that nobody named.
    package var includesDefaults = true
    package var included: Set<String> = []
    package var excluded: Set<String> = []

    /// Those that upstream runs only when they are named.
    package static let onlyWhenNamed: Set<String> = [BootstrapSigner.name, TokenCleaner.name]

    /// What gives services of type LoadBalancer their addresses, where no cloud does.
    package static let loadBalancers = ServiceLoadBalancerController.name

    /// The defaults, and these.
    package init(including names: Set<String> = []) { included = names }

    func contains(_ name: String) -> Bool {
        if excluded.contains(name) { return false }
        return included.contains(name) || includesDefaults && !Self.onlyWhenNamed.contains(name)
    }
}
