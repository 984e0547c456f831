import Testing

@testable import APIServer

@Suite("Metrics of requests")
struct RequestMetricsTests {
    @Test("answers are counted under upstream's names")
    func counts() {
        let metrics = RequestMetrics()
        let read = metrics.begin("GET")
        _ = metrics.begin("POST")
        #expect(metrics.text.contains("apiserver_current_inflight_requests{request_kind=\"mutating\"} 1\n"))
        #expect(metrics.text.contains("apiserver_current_inflight_requests{request_kind=\"readOnly\"} 1\n"))
        let info = RequestInfo(isResourceRequest: true, verb: "create", apiVersion: "v1", namespace: "default", resource: "pods")
        metrics.end(info, read, code: 201)
        let labels = #"component="apiserver",dry_run="",group="",resource="pods",scope="namespace",subresource="",verb="POST",version="v1""#
        #expect(metrics.text.contains("apiserver_request_total{code=\"201\",\(labels)} 1\n"))
        #expect(metrics.text.contains("apiserver_request_duration_seconds_bucket{\(labels),le=\"60\"} 1\n"))
        #expect(metrics.text.contains("apiserver_request_duration_seconds_count{\(labels)} 1\n"))
        #expect(metrics.text.contains("apiserver_current_inflight_requests{request_kind=\"readOnly\"} 0\n"))
    }

    @Test("watches have no duration, and what nobody serves no name of its own")
    func exceptions() {
        let metrics = RequestMetrics()
        metrics.end(RequestInfo(isResourceRequest: true, verb: "watch", resource: "pods"), metrics.begin("GET"), code: 200)
        metrics.end(RequestInfo(isResourceRequest: true, verb: "get", resource: "made-up"), metrics.begin("GET"), code: 404)
        #expect(!metrics.text.contains("made-up"))
        #expect(!metrics.text.contains("duration_seconds_count{component=\"apiserver\",dry_run=\"\",group=\"\",resource=\"pods\""))
    }
}
