import JSON
import KubernetesAPI

extension Strategy {
    static let priorityLevelConfiguration = Strategy {
        $0.defaults = { level in
            level.edit("spec") { spec in
                spec.edit("limited") { limited in
                    limited.setDefault("nominalConcurrencyShares", 30)
                    limited.setDefault("lendablePercent", 0)
                    limited.edit("limitResponse") { response in
                        response.edit("queuing") { queuing in
                            for (name, value) in [("queues", 64), ("handSize", 8), ("queueLengthLimit", 50)] as [(String, Int64)]
                            where queuing.number(name) == 0 {
                                queuing[name] = .integer(value)
                            }
                        }
                    }
                }
                spec.edit("exempt") { exempt in
                    exempt.setDefault("nominalConcurrencyShares", 0)
                    exempt.setDefault("lendablePercent", 0)
                }
            }
        }
        $0.validate = { level in
            let name = level["metadata"]["name"].string
            PriorityLevelRules.spec(level["spec"], name: name)
            // Of the exempt level the shares may be set.
            if name != "exempt", let fixed = FlowControlObjects.mandatorySpec("prioritylevelconfigurations", name), level["spec"].value != fixed {
                level["spec"].invalid("spec of '\(name)' must equal the fixed value")
            }
        }
        $0.generation = [["spec"]]
        $0.table = TableView([
            .name, .text("Type"), .text("NominalConcurrencyShares"), .text("Queues"), .text("HandSize"), .text("QueueLengthLimit"), .age,
        ]) { level in
            func shown(_ value: JSONValue?) -> TableView.Cell { .value(.string(value?.integerValue.map { "\($0)" } ?? "<none>")) }
            let spec = level["spec"] ?? [:]
            let part = spec[spec.text("type") == "Exempt" ? "exempt" : "limited"]
            let queuing = spec.at("limited", "limitResponse", "queuing")
            return [
                .name, .value(.string(spec.text("type"))), shown(part?["nominalConcurrencyShares"]), shown(queuing?["queues"]),
                shown(queuing?["handSize"]), shown(queuing?["queueLengthLimit"]), .age,
            ]
        }
    }
}

private enum PriorityLevelRules {
    static func spec(_ spec: Field, name: String) {
        let type = spec["type"]
        if (name == "exempt") != (type.string == "Exempt") { type.invalid("type must be 'Exempt' if and only if name is 'exempt'") }
        switch type.string {
        case "Exempt":
            if spec["limited"].exists { spec["limited"].forbidden("must be nil if the type is not Limited") }
            let exempt = spec["exempt"]
            shares(exempt["nominalConcurrencyShares"])
            percent(exempt["lendablePercent"])
        case "Limited":
            if spec["exempt"].exists { spec["exempt"].forbidden("must be nil if the type is Limited") }
            let limited = spec["limited"]
            guard limited.exists else {
                return limited.errors.add(FieldError(.required, limited.path, "must not be empty when type is Limited"))
            }
            shares(limited["nominalConcurrencyShares"])
            percent(limited["lendablePercent"])
            if limited["borrowingLimitPercent"].int < 0 {
                limited["borrowingLimitPercent"].invalid("if specified, must be a non-negative integer")
            }
            response(limited["limitResponse"])
        default:
            type.add(.notSupported, #"supported values: "Exempt", "Limited""#)
        }
    }

    private static func shares(_ shares: Field) {
        if shares.int < 0 { shares.invalid("must be a non-negative integer") }
    }

    private static func percent(_ percent: Field) {
        if !(0...100).contains(percent.int) { percent.invalid("must be between 0 and 100, inclusive") }
    }

    private static func response(_ response: Field) {
        let queuing = response["queuing"]
        switch response["type"].string {
        case "Reject":
            if queuing.exists { queuing.forbidden("must be nil if limited.limitResponse.type is not Limited") }
        case "Queue":
            guard queuing.exists else {
                return queuing.errors.add(FieldError(.required, queuing.path, "must not be empty if limited.limitResponse.type is Limited"))
            }
            let (queues, hand) = (queuing["queues"], queuing["handSize"])
            if queuing["queueLengthLimit"].int <= 0 { queuing["queueLengthLimit"].invalid("must be positive") }
            if queues.int <= 0 {
                queues.invalid("must be positive")
            } else if queues.int > 10_000_000 {
                queues.invalid("must not be greater than 10000000")
            }
            if hand.int <= 0 {
                hand.invalid("must be positive")
            } else if hand.int > queues.int {
                hand.invalid("should not be greater than queues (\(queues.int))")
            } else if let bits = ShuffleSharding.entropyBits(queues: queues.int, hand: hand.int), bits > ShuffleSharding.entropyBitsMax {
                hand.invalid(
                    "required entropy bits of deckSize \(queues.int) and handSize \(hand.int) should not be greater than \(ShuffleSharding.entropyBitsMax)"
                )
            }
        default:
            response["type"].add(.notSupported, #"supported values: "Queue", "Reject""#)
        }
    }
}
