import AutoscalingV2
import CoreV1
import KubernetesAPI
import KubernetesClient

/// What one of an autoscaler's metrics says.
struct MetricProposal: Sendable {
    var replicas: Int32
    /// What the number follows from, for events and conditions.
    var name: String
    var status: MetricStatus
}

/// A metric from which no number follows.
struct MetricFailure: Error, CustomStringConvertible {
    /// Of the event and the condition.
    var reason: String
    var cause: String
    /// What was to be had.
    var what: String
    var description: String { "failed to get \(what): \(cause)" }
}

/// Asks for the values of an autoscaler's metrics and works out what each says.
struct MetricEvaluator: Sendable {
    let reader: MetricsReader
    let scales: ScaleClient
    let calculator: ReplicaCalculator
    let namespace: String
    /// Of the target's pods, as text.
    let selector: String
    let pods: [Pod]
    /// What the target asks for, and what it has.
    let specReplicas: Int32
    let statusReplicas: Int32

    func evaluate(_ metric: MetricSpec) async throws -> MetricProposal {
        let (reason, what) = Self.failureWords(metric)
        do {
            switch metric.type {
            case "Resource": return try await resource(metric)
            case "ContainerResource": return try await containerResource(metric)
            case "Pods": return try await podsMetric(metric)
            case "Object": return try await object(metric)
            case "External": return try await external(metric)
            default: throw NoProposal("unknown metric source type \"\(metric.type)\"")
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw MetricFailure(reason: reason, cause: "\(error)", what: what)
        }
    }

    private static func failureWords(_ metric: MetricSpec) -> (reason: String, what: String) {
        switch metric.type {
        case "Resource": ("FailedGetResourceMetric", "\(metric.resource?.name ?? "") resource metric value")
        case "ContainerResource": ("FailedGetContainerResourceMetric", "\(metric.containerResource?.name ?? "") container metric value")
        case "Pods": ("FailedGetPodsMetric", "pods metric value")
        case "Object": ("FailedGetObjectMetric", "object metric value")
        case "External": ("FailedGetExternalMetric", "\(metric.external?.metric?.name ?? "") external metric value")
        default: ("InvalidMetricSourceType", "metric value")
        }
    }

    // MARK: Kinds of metrics

    private func resource(_ metric: MetricSpec) async throws -> MetricProposal {
        let source = metric.resource ?? ResourceMetricSource()
        let (replicas, words, current) = try await use(source.name, container: nil, source.target)
        return MetricProposal(
            replicas: replicas, name: "\(source.name) resource\(words)",
            status: MetricStatus { status in
                status.type = metric.type
                status.resource = ResourceMetricStatus {
                    $0.name = source.name
                    $0.current = current
                }
            })
    }

    private func containerResource(_ metric: MetricSpec) async throws -> MetricProposal {
        let source = metric.containerResource ?? ContainerResourceMetricSource()
        let (replicas, words, current) = try await use(source.name, container: source.container, source.target)
        return MetricProposal(
            replicas: replicas, name: "\(source.name) container resource\(words)",
            status: MetricStatus { status in
                status.type = metric.type
                status.containerResource = ContainerResourceMetricStatus {
                    $0.name = source.name
                    $0.container = source.container
                    $0.current = current
                }
            })
    }

    private func use(
        _ resource: String, container: String?, _ target: MetricTarget?
    ) async throws -> (replicas: Int32, words: String, current: MetricValueStatus) {
        let metrics: @Sendable () async throws -> [String: PodMetric] = {
            try await reader.resource(resource, container: container, namespace: namespace, selector: selector)
        }
        if let average = target?.averageValue {
            do {
                let proposal = try calculator.byAverage(
                    average.milliValue, isCPU: resource == "cpu", current: specReplicas, pods: pods, metrics: try await metrics())
                return (proposal.replicas, "", .init(average: proposal.value))
            } catch let error as NoProposal {
                throw NoProposal("failed to get \(resource) usage: \(error)")
            }
        }
        guard let utilization = target?.averageUtilization else {
            throw NoProposal("invalid resource metric source: neither an average utilization target nor an average value (usage) target was set")
        }
        do {
            let values: [String: PodMetric]
            do {
                values = try await metrics()
            } catch let error as NoProposal {
                throw NoProposal("unable to get metrics for resource \(resource): \(error)")
            }
            let proposal = try calculator.byUtilization(
                utilization, of: resource, container: container, current: specReplicas, pods: pods, metrics: values)
            var current = MetricValueStatus(average: proposal.value)
            current.averageUtilization = proposal.utilization
            return (proposal.replicas, " utilization (percentage of request)", current)
        } catch let error as NoProposal {
            throw NoProposal("failed to get \(resource) utilization: \(error)")
        }
    }

    private func podsMetric(_ metric: MetricSpec) async throws -> MetricProposal {
        let source = metric.pods ?? PodsMetricSource()
        let name = try Self.name(source.metric)
        guard let target = source.target?.averageValue else { throw NoProposal("invalid pods metric source: no average value target was set") }
        let values = try await reader.pods(name, namespace: namespace, selector: selector)
        let proposal = try calculator.byAverage(target.milliValue, isCPU: false, current: specReplicas, pods: pods, metrics: values)
        return MetricProposal(
            replicas: proposal.replicas, name: "pods metric \(name.name)",
            status: MetricStatus { status in
                status.type = metric.type
                status.pods = PodsMetricStatus {
                    $0.metric = source.metric
                    $0.current = .init(average: proposal.value)
                }
            })
    }

    private func object(_ metric: MetricSpec) async throws -> MetricProposal {
        let source = metric.object ?? ObjectMetricSource()
        let name = try Self.name(source.metric)
        guard let described = source.describedObject else { throw NoProposal("invalid object metric source: no object is named") }
        var resource: String?
        if described.kind != "Namespace" {
            resource = try await scales.resource(apiVersion: described.apiVersion ?? "v1", kind: described.kind).groupResource
        }
        let value = try await reader.object(name, namespace: namespace, resource: resource, name: described.name)
        let (replicas, current) = try whole(value, source.target, what: "object")
        return MetricProposal(
            replicas: replicas, name: "\(described.kind) metric \(name.name)",
            status: MetricStatus { status in
                status.type = metric.type
                status.object = ObjectMetricStatus {
                    $0.metric = source.metric
                    $0.describedObject = described
                    $0.current = current
                }
            })
    }

    private func external(_ metric: MetricSpec) async throws -> MetricProposal {
        let source = metric.external ?? ExternalMetricSource()
        let name = try Self.name(source.metric)
        let value = try await reader.external(name, namespace: namespace)
        let (replicas, current) = try whole(value, source.target, what: "external")
        return MetricProposal(
            replicas: replicas, name: "external metric \(name.name)(\(name.selector))",
            status: MetricStatus { status in
                status.type = metric.type
                status.external = ExternalMetricStatus {
                    $0.metric = source.metric
                    $0.current = current
                }
            })
    }

    /// From a value that is not any one pod's.
    private func whole(
        _ value: Int64, _ target: MetricTarget?, what: String
    ) throws -> (replicas: Int32, current: MetricValueStatus) {
        if let share = target?.averageValue {
            let proposal = calculator.byShare(share.milliValue, value: value, running: statusReplicas)
            return (proposal.replicas, .init(average: proposal.value))
        }
        guard let wanted = target?.value else {
            throw NoProposal("invalid \(what) metric source: neither a value target nor an average value target was set")
        }
        let proposal = try calculator.byValue(wanted.milliValue, value: value, current: specReplicas, pods: pods)
        return (proposal.replicas, MetricValueStatus { $0.value = Quantity(milli: value) })
    }

    private static func name(_ identifier: MetricIdentifier?) throws -> MetricName {
        guard let identifier, !identifier.name.isEmpty else { throw NoProposal("the metric has no name") }
        return MetricName(name: identifier.name, selector: try identifier.selector.map { try Selector($0).description } ?? "")
    }
}

extension MetricValueStatus {
    init(average: Int64) {
        self.init()
        averageValue = Quantity(milli: average)
    }
}
