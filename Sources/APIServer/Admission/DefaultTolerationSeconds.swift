import JSON

/// A pod that says nothing about nodes that are not ready or out of reach stays there for five minutes.
struct DefaultTolerationSeconds: MutatingAdmission {
    let name = "DefaultTolerationSeconds"
    private static let seconds: JSONValue = 300
    private static let taints = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isPod, review.operation == .create || review.operation == .update, let tolerations = review.object?.list("spec", "tolerations")
        else { return }
        var added: [JSONValue] = []
        for taint in Self.taints {
            let tolerated = tolerations.contains { toleration in
                let key = toleration.text("key")
                let effect = toleration.text("effect")
                return (key == taint || key.isEmpty) && (effect == "NoExecute" || effect.isEmpty)
            }
            if !tolerated {
                added.append(["key": .string(taint), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": Self.seconds])
            }
        }
        guard !added.isEmpty, var pod = review.takeObject() else { return }
        pod.edit("spec") { $0["tolerations"] = .array(tolerations + added) }
        review.object = pod
    }
}
