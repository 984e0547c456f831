import JSON

/// A pod that says nothing about nodes that are not ready or out of reach stays there for a while.
package struct DefaultTolerationSeconds: MutatingAdmission {
    package let name = "DefaultTolerationSeconds"
    private let seconds: [(taint: String, seconds: Int64)]

    /// `--default-not-ready-toleration-seconds` and `--default-unreachable-toleration-seconds`.
    package init(notReady: Int64 = 300, unreachable: Int64 = 300) {
        seconds = [("node.kubernetes.io/not-ready", notReady), ("node.kubernetes.io/unreachable", unreachable)]
    }

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isPod, review.operation == .create || review.operation == .update, let tolerations = review.object?.list("spec", "tolerations")
        else { return }
        var added: [JSONValue] = []
        for (taint, seconds) in seconds {
            let tolerated = tolerations.contains { toleration in
                let key = toleration.text("key")
                let effect = toleration.text("effect")
                return (key == taint || key.isEmpty) && (effect == "NoExecute" || effect.isEmpty)
            }
            if !tolerated {
                added.append(["key": .string(taint), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": .integer(seconds)])
            }
        }
        guard !added.isEmpty, var pod = review.takeObject() else { return }
        pod.edit("spec") { $0["tolerations"] = .array(tolerations + added) }
        review.object = pod
    }
}
