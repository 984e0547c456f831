import CoreV1
import KubernetesAPI

/// What a pod asks its node for.
struct PodRequests {
    /// What must be free.
    var total = Resources()
    /// For scoring: containers that ask for nothing are counted with a guess, so that they spread too.
    var scoringCPU: Int64 = 0
    var scoringMemory: Int64 = 0

    /// The guess for a container without a request: 0.1 CPU and 200 MB.
    static let defaultMilliCPU: Int64 = 100
    static let defaultMemory: Int64 = 200 * 1024 * 1024

    /// Containers run together; init containers one after the other, before them; restartable init containers (sidecars) start in their
    /// turn and stay. The pod's overhead comes on top, and requests of the pod as a whole take the place of the sum.
    init(_ spec: PodSpec, names: ResourceNames) {
        let plain = Self.sum(spec, names: names, guessing: false)
        total = plain
        let guessed = Self.sum(spec, names: names, guessing: true)
        scoringCPU = guessed.milliCPU
        scoringMemory = guessed.memory
    }

    private static func sum(_ spec: PodSpec, names: ResourceNames, guessing: Bool) -> Resources {
        var running = Resources()
        for container in spec.containers { running += requests(container, names, guessing) }
        var sidecars = Resources()
        var starting = Resources()
        for container in spec.initContainers {
            let own = requests(container, names, guessing)
            if container.restartPolicy == "Always" {
                running += own
                sidecars += own
                starting.formMaximum(sidecars)
            } else {
                var atOnce = sidecars
                atOnce += own
                starting.formMaximum(atOnce)
            }
        }
        running.formMaximum(starting)
        if let podLevel = spec.resources?.requests {
            for (name, quantity) in podLevel { set(&running, name, quantity, names) }
        }
        var overhead = Resources()
        for (name, quantity) in spec.overhead { set(&overhead, name, quantity, names) }
        running += overhead
        return running
    }

    private static func requests(_ container: Container, _ names: ResourceNames, _ guessing: Bool) -> Resources {
        var amounts = Resources()
        if guessing {
            amounts.milliCPU = defaultMilliCPU
            amounts.memory = defaultMemory
        }
        guard let requests = container.resources?.requests else { return amounts }
        for (name, quantity) in requests { set(&amounts, name, quantity, names) }
        return amounts
    }

    static func set(_ amounts: inout Resources, _ name: String, _ quantity: Quantity, _ names: ResourceNames) {
        switch name {
        case "cpu": amounts.milliCPU = quantity.milliValue
        case "memory": amounts.memory = quantity.value
        case "ephemeral-storage": amounts.ephemeralStorage = quantity.value
        case "pods": break
        default: amounts.set(scalar: names.number(name), quantity.value)
        }
    }
}
