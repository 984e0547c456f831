import JSON
import Testing

@testable import APIServer

@Suite("autoscaling/v1 and v2")
struct AutoscalerViewTests {
    private static let collection = "/namespaces/default/horizontalpodautoscalers"

    @Test(
        "what v1 has no field for survives a change made in v1",
        arguments: [
            #"{"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}}"#,
            #"{"type":"Pods","pods":{"metric":{"name":"requests","selector":{"matchLabels":{"a":"b"}}},"target":{"type":"AverageValue","averageValue":"10"}}}"#,
            #"{"type":"Object","object":{"metric":{"name":"hits"},"describedObject":{"kind":"Service","name":"s"},"target":{"type":"Value","value":"5"}}}"#,
            #"{"type":"External","external":{"metric":{"name":"queue","selector":{"matchLabels":{"q":"x"}}},"target":{"type":"AverageValue","averageValue":"3"}}}"#,
            #"{"type":"ContainerResource","containerResource":{"name":"cpu","container":"c","target":{"type":"Utilization","averageUtilization":70}}}"#,
        ])
    func survives(_ metric: String) async throws {
        let server = try await TestServer()
        let cpu: JSONValue = ["type": "Resource", "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 60]]]
        let metrics: JSONValue = [cpu, try JSONValue(parsing: metric)]
        let behavior: JSONValue = ["scaleDown": ["stabilizationWindowSeconds": 60, "selectPolicy": "Max"]]
        let made = try await server.created(
            "POST", "/apis/autoscaling/v2" + Self.collection,
            [
                "metadata": ["name": "h"],
                "spec": [
                    "maxReplicas": 3, "scaleTargetRef": ["kind": "Deployment", "name": "d", "apiVersion": "apps/v1"], "metrics": metrics,
                    "behavior": behavior,
                ],
            ])
        var old = try await server.get("/apis/autoscaling/v1" + Self.collection + "/h")
        #expect(old.number("spec", "targetCPUUtilizationPercentage") == 60)
        #expect(old.at("spec", "metrics") == nil)
        #expect(old.at("metadata", "annotations", "autoscaling.alpha.kubernetes.io/metrics") != nil)
        old["spec"]?["maxReplicas"] = 5
        _ = try await server.created("PUT", "/apis/autoscaling/v1" + Self.collection + "/h", old)
        let new = try await server.get("/apis/autoscaling/v2" + Self.collection + "/h")
        #expect(new.number("spec", "maxReplicas") == 5)
        #expect(new.at("spec", "metrics") == metrics)
        #expect(new.at("spec", "behavior") == made.at("spec", "behavior"))
        #expect(new.at("metadata", "annotations") == nil)
    }
}
