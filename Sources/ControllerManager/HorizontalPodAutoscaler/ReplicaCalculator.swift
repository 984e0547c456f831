import CoreV1
import KubernetesAPI

/// What a metric says of one pod. Values are in thousandths of the metric's unit.
struct PodMetric: Sendable, Equatable {
    var value: Int64
    /// Seconds since 1970.
    var time: Int64 = 0
    var windowSeconds: Int64 = 60
}

/// How far a metric may be from its target before anything happens.
struct Tolerances: Sendable, Equatable {
    var down: Double
    var up: Double

    func areKept(_ ratio: Double) -> Bool { 1 - down <= ratio && ratio <= 1 + up }
}

/// From measured values to a number of replicas. Pure: pods, values and the time are given.
struct ReplicaCalculator: Sendable {
    /// A number of replicas and the value that it follows from.
    struct Proposal: Equatable {
        var replicas: Int32
        /// Per cent of what is requested; nil where no share was asked for.
        var utilization: Int32?
        /// Thousandths; the average over pods, or the value of the whole.
        var value: Int64
    }

    let settings: AutoscalerSettings
    var tolerances: Tolerances
    /// Seconds since 1970.
    let now: Int64

    // MARK: Metrics of pods

    /// For a target in per cent of what pods request.
    func byUtilization(
        _ target: Int32, of resource: String, container: String?, current: Int32, pods: [Pod], metrics all: [String: PodMetric]
    ) throws -> Proposal {
        if pods.isEmpty { throw NoProposal("No pods returned by selector while calculating replica count") }
        let requests = try Dictionary(
            pods.map { ($0.metadata.name ?? "", try Self.request(of: $0, resource, container: container)) }, uniquingKeysWith: { first, _ in first })
        let groups = PodGroups(pods, all, isCPU: resource == "cpu", settings: settings, now: now)
        var metrics = groups.counted
        if metrics.isEmpty { throw NoProposal("did not receive metrics for targeted pods (pods might be unready)") }
        let (ratio, utilization, raw) = try Self.utilization(metrics, requests, target: target)
        let proposal = try propose(ratio, groups, &metrics, current: current) { name in
            // Who needs less takes it that pods of which nothing is known use all that they asked for.
            Int64(clamping: Int128(requests[name] ?? 0) * Int128(max(100, target)) / 100)
        } again: {
            try Self.utilization($0, requests, target: target).ratio
        }
        return Proposal(replicas: proposal, utilization: utilization, value: raw)
    }

    /// For a target as an amount for each pod.
    /// - Parameter isCPU: use of CPU says little while a pod starts.
    func byAverage(_ target: Int64, isCPU: Bool, current: Int32, pods: [Pod], metrics all: [String: PodMetric]) throws -> Proposal {
        if pods.isEmpty { throw NoProposal("no pods returned by selector while calculating replica count") }
        let groups = PodGroups(pods, all, isCPU: isCPU, settings: settings, now: now)
        var metrics = groups.counted
        if metrics.isEmpty { throw NoProposal("did not receive metrics for targeted pods (pods might be unready)") }
        let (ratio, average) = Self.average(metrics, target: target)
        let replicas = try propose(ratio, groups, &metrics, current: current) { _ in
            target
        } again: {
            Self.average($0, target: target).ratio
        }
        return Proposal(replicas: replicas, utilization: nil, value: average)
    }

    private func propose(
        _ ratio: Double, _ groups: PodGroups, _ metrics: inout [String: PodMetric], current: Int32, full: (String) -> Int64,
        again: ([String: PodMetric]) throws -> Double
    ) throws -> Int32 {
        let countsUnready = !groups.unready.isEmpty && ratio > 1
        if !countsUnready, groups.missing.isEmpty {
            return tolerances.areKept(ratio) ? current : Self.replicas(ratio * Double(groups.ready))
        }
        // What is not known must neither make the number grow nor shrink.
        for name in groups.missing {
            if ratio < 1 { metrics[name] = PodMetric(value: full(name)) }
            if ratio > 1 { metrics[name] = PodMetric(value: 0) }
        }
        if countsUnready { for name in groups.unready { metrics[name] = PodMetric(value: 0) } }
        let second = try again(metrics)
        if tolerances.areKept(second) || ratio < 1 && second > 1 || ratio > 1 && second < 1 { return current }
        let replicas = Self.replicas(second * Double(metrics.count))
        return second < 1 && replicas > current || second > 1 && replicas < current ? current : replicas
    }

    private static func utilization(
        _ metrics: [String: PodMetric], _ requests: [String: Int64], target: Int32
    ) throws -> (ratio: Double, utilization: Int32, average: Int64) {
        var used: Int128 = 0
        var requested: Int128 = 0
        var count: Int128 = 0
        for (name, metric) in metrics {
            guard let request = requests[name] else { continue }
            used += Int128(metric.value)
            requested += Int128(request)
            count += 1
        }
        guard requested != 0, count != 0 else { throw NoProposal("no metrics returned matched known pods") }
        let utilization = Int32(clamping: used * 100 / requested)
        return (Double(utilization) / Double(max(1, target)), utilization, Int64(clamping: used / count))
    }

    private static func average(_ metrics: [String: PodMetric], target: Int64) -> (ratio: Double, average: Int64) {
        let total = metrics.values.reduce(Int128(0)) { $0 + Int128($1.value) }
        let average = Int64(clamping: total / Int128(max(1, metrics.count)))
        return (Double(average) / Double(max(1, target)), average)
    }

    // MARK: Metrics of something else

    /// For a target that the whole value should have.
    func byValue(_ target: Int64, value: Int64, current: Int32, pods: [Pod]) throws -> Proposal {
        let ratio = Double(value) / Double(max(1, target))
        if current == 0 { return Proposal(replicas: Self.replicas(ratio), utilization: nil, value: value) }
        if tolerances.areKept(ratio) { return Proposal(replicas: current, utilization: nil, value: value) }
        if pods.isEmpty { throw NoProposal("unable to calculate ready pods: no pods returned by selector while calculating replica count") }
        let ready = pods.count { $0.status.phase == "Running" && $0.isReady }
        return Proposal(replicas: Self.replicas(ratio * Double(ready)), utilization: nil, value: value)
    }

    /// For a target of each pod's share in the whole value.
    /// - Parameter running: the pods that there are.
    func byShare(_ target: Int64, value: Int64, running: Int32) -> Proposal {
        let ratio = Double(value) / (Double(max(1, target)) * Double(running))
        let replicas = tolerances.areKept(ratio) ? running : Self.replicas(Double(value) / Double(max(1, target)))
        return Proposal(replicas: replicas, utilization: nil, value: running == 0 ? value : (value + Int64(running) - 1) / Int64(running))
    }

    // MARK: Parts

    private static func replicas(_ number: Double) -> Int32 {
        number.isNaN ? 0 : Int32(exactly: number.rounded(.up)) ?? (number < 0 ? 0 : .max)
    }

    /// What a pod's containers, or one of them, request, in thousandths.
    static func request(of pod: Pod, _ resource: String, container: String?) throws -> Int64 {
        let sidecars = pod.spec.initContainers.filter { $0.restartPolicy == "Always" }
        var sum: Int64 = 0
        for one in pod.spec.containers + sidecars where container == nil || one.name == container {
            guard let amount = one.resources?.requests[resource] else {
                throw NoProposal("missing request for \(resource) in container \(one.name) of Pod \(pod.metadata.name ?? "")")
            }
            sum = sum.addingReportingOverflow(amount.milliValue).partialValue
        }
        return sum
    }
}

/// A metric gave no number of replicas.
struct NoProposal: Error, CustomStringConvertible, Equatable {
    var description: String
    init(_ description: String) { self.description = description }
}
