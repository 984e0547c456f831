import JSON
import KubernetesAPI

extension Strategy {
    static let runtimeClass = Strategy {
        $0.emptyStatus = nil
        $0.validate = { runtime in
            if runtime["handler"].string.isEmpty { runtime["handler"].required() } else { runtime["handler"].matches(NameValidation.dns1123Label) }
            runtime["overhead"]["podFixed"].entries { _, amount in ResourceRules.nonNegativeQuantity(amount) }
            LabelRules.labels(runtime["scheduling"]["nodeSelector"])
            PodSpecValidation.tolerations(runtime["scheduling"]["tolerations"])
        }
        $0.validateUpdate = { runtime, old in runtime["handler"].immutable(since: old["handler"]) }
        $0.createOnUpdate = false
        $0.table = TableView([.name, .text("Handler"), .age]) { [.name, .value(.string($0.text("handler"))), .age] }
    }
}
