import JSON

/// autoscaling/v1 knows one number, the wanted use of CPU. Everything else travels in annotations, as upstream has it, so that who reads and writes in
/// that version loses nothing.
enum AutoscalerView {
    private enum Annotation {
        static let metrics = "autoscaling.alpha.kubernetes.io/metrics"
        static let currentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics"
        static let conditions = "autoscaling.alpha.kubernetes.io/conditions"
        static let behavior = "autoscaling.alpha.kubernetes.io/behavior"
    }

    static let conversion = VersionConversion(
        toStorage: { autoscaler in
            autoscaler["apiVersion"] = "autoscaling/v2"
            let metrics = take(Annotation.metrics, &autoscaler)?.arrayValue ?? []
            let current = take(Annotation.currentMetrics, &autoscaler)
            let conditions = take(Annotation.conditions, &autoscaler)
            let behavior = take(Annotation.behavior, &autoscaler)
            autoscaler.edit("spec") { spec in
                var all = metrics.map { MetricForm.specs.toStorage($0) }
                if let use = spec["targetCPUUtilizationPercentage"] {
                    spec["targetCPUUtilizationPercentage"] = nil
                    all.insert(
                        ["type": "Resource", "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": use]]], at: 0)
                }
                if !all.isEmpty { spec["metrics"] = .array(all) }
                if let behavior { spec["behavior"] = behavior }
            }
            autoscaler.edit("status") { status in
                let use = status["currentCPUUtilizationPercentage"]
                status["currentCPUUtilizationPercentage"] = nil
                if let current = current?.arrayValue {
                    status["currentMetrics"] = .array(current.map { MetricForm.statuses.toStorage($0) })
                } else if let use {
                    status["currentMetrics"] = [["type": "Resource", "resource": ["name": "cpu", "current": ["averageUtilization": use]]]]
                }
                if let conditions { status["conditions"] = conditions }
            }
        },
        fromStorage: { autoscaler in
            autoscaler["apiVersion"] = "autoscaling/v1"
            let spec = autoscaler["spec"] ?? [:]
            let status = autoscaler["status"] ?? [:]
            let others = spec.list("metrics").filter { !isCPUUse($0) }
            if !others.isEmpty { put(Annotation.metrics, .array(others.map { MetricForm.specs.fromStorage($0) }), &autoscaler) }
            if let behavior = spec["behavior"], !behavior.isNull { put(Annotation.behavior, behavior, &autoscaler) }
            let current = status.list("currentMetrics")
            if !current.isEmpty { put(Annotation.currentMetrics, .array(current.map { MetricForm.statuses.fromStorage($0) }), &autoscaler) }
            let conditions = status.list("conditions")
            if !conditions.isEmpty { put(Annotation.conditions, .array(conditions), &autoscaler) }
            autoscaler.edit("spec") { spec in
                if let use = spec.list("metrics").first(where: isCPUUse)?.at("resource", "target", "averageUtilization") {
                    spec["targetCPUUtilizationPercentage"] = use
                }
                for field in ["metrics", "behavior"] { spec[field] = nil }
            }
            autoscaler.edit("status") { status in
                let cpu = status.list("currentMetrics").first { $0.text("resource", "name") == "cpu" }
                if let use = cpu?.at("resource", "current", "averageUtilization") { status["currentCPUUtilizationPercentage"] = use }
                for field in ["currentMetrics", "conditions"] { status[field] = nil }
                status.setDefault("currentReplicas", 0)
            }
        })

    private static func isCPUUse(_ metric: JSONValue) -> Bool {
        metric.text("type") == "Resource" && metric.text("resource", "name") == "cpu" && metric.at("resource", "target", "averageUtilization") != nil
    }

    private static func take(_ annotation: String, _ autoscaler: inout JSONValue) -> JSONValue? {
        guard let text = autoscaler.at("metadata", "annotations", annotation)?.stringValue else { return nil }
        autoscaler.edit("metadata") { metadata in
            metadata.edit("annotations") { $0[annotation] = nil }
            if metadata["annotations"]?.objectValue?.isEmpty == true { metadata["annotations"] = nil }
        }
        return try? JSONValue(parsing: text)
    }

    private static func put(_ annotation: String, _ value: JSONValue, _ autoscaler: inout JSONValue) {
        autoscaler.editOrMake("metadata") { metadata in
            metadata.editOrMake("annotations") { $0[annotation] = .string(String(decoding: value.serialized(), as: UTF8.self)) }
        }
    }
}

/// How a metric is written in those annotations: what `target` and `metric` hold in v2 stands beside each other, under names that begin alike.
private struct MetricForm {
    /// `target` in specs, `current` in statuses: what holds the numbers in v2, and what their names begin with otherwise.
    let word: String

    static let specs = MetricForm(word: "target")
    static let statuses = MetricForm(word: "current")

    private static let sources = ["resource", "containerResource", "pods", "object", "external"]

    func fromStorage(_ metric: JSONValue) -> JSONValue {
        var flat = metric
        for source in Self.sources {
            flat.edit(source) { part in
                let numbers = part[word] ?? [:]
                part[word] = nil
                if let metric = part["metric"] {
                    part["metricName"] = metric["name"]
                    part[selectorName(source)] = metric["selector"]
                    part["metric"] = nil
                }
                if let described = part["describedObject"] {
                    part["target"] = described
                    part["describedObject"] = nil
                }
                part[word + "Value"] = numbers["value"]
                part[averageName(source)] = numbers["averageValue"]
                part[word + "AverageUtilization"] = numbers["averageUtilization"]
            }
        }
        return flat
    }

    func toStorage(_ metric: JSONValue) -> JSONValue {
        var deep = metric
        for source in Self.sources {
            deep.edit(source) { part in
                var numbers: JSONValue = [:]
                for (name, flat) in [
                    ("value", word + "Value"), ("averageValue", averageName(source)), ("averageUtilization", word + "AverageUtilization"),
                ] {
                    numbers[name] = part[flat]
                    part[flat] = nil
                }
                if source == "object", let target = part["target"] {
                    part["describedObject"] = target
                    part["target"] = nil
                }
                if let name = part["metricName"] {
                    var metric: JSONValue = ["name": name]
                    metric["selector"] = part[selectorName(source)]
                    part["metric"] = metric
                    part["metricName"] = nil
                    part[selectorName(source)] = nil
                }
                if word == "target" {
                    let type =
                        numbers["averageUtilization"] != nil ? "Utilization" : numbers["averageValue"] != nil ? "AverageValue" : "Value"
                    numbers["type"] = .string(type)
                    // A value of nothing stands beside an average of an object's metric.
                    if type == "AverageValue", numbers.text("value") == "0" { numbers["value"] = nil }
                }
                part[word] = numbers
            }
        }
        return deep
    }

    private func selectorName(_ source: String) -> String { source == "external" ? "metricSelector" : "selector" }
    /// Averages over the pods of an object are named otherwise than those of anything else.
    private func averageName(_ source: String) -> String { source == "object" ? "averageValue" : word + "AverageValue" }
}
