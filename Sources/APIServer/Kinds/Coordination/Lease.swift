import JSON

extension Strategy {
    static let lease = Strategy {
        $0.emptyStatus = nil
        $0.createOnUpdate = true
        $0.unconditionalUpdate = false
        $0.validate = { lease in
            lease["spec"]["leaseDurationSeconds"].positive()
            lease["spec"]["leaseTransitions"].nonNegative()
        }
        $0.table = TableView([.name, .text("Holder"), .age]) { [.name, .value(.string($0.text("spec", "holderIdentity"))), .age] }
    }
}
