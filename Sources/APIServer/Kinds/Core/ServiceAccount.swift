import JSON

extension Strategy {
    static let serviceAccount = Strategy {
        $0.returnsDeleted = true
        $0.emptyStatus = nil
        $0.table = TableView([.name, .text("Secrets"), .age]) { [.name, .value(.integer(Int64($0.list("secrets").count))), .age] }
    }
}
