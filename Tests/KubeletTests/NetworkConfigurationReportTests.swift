import Testing

@testable import Kubelet

@Suite("Why there is no pod network")
struct NetworkConfigurationReportTests {
    private static let info = [
        "config": #"{"cni":{"confDir":"/etc/cni/other.d"}}"#, "lastcniLoadStatus": "cni config load failed: invalid character 'x'",
    ]

    @Test(
        arguments: [
            (info, nil, "/etc/cni/other.d, the folder of CNI configurations, does not exist; a pod network's manifest puts one there"),
            ([:], [], "/etc/cni/net.d, the folder of CNI configurations, is empty; a pod network's manifest puts one there: kubectl apply -f"),
            ([:], ["README", ".x"], "has none in it (only .x, README)"),
            (
                info, ["10-a.conflist"],
                "/etc/cni/other.d has 10-a.conflist, and the runtime says of it: cni config load failed: invalid character 'x'"
            ),
            (["lastcniLoadStatus": "OK"], ["10-a.conflist"], "/etc/cni/net.d has 10-a.conflist, which the runtime is about to read"),
            ([:], ["1.conf", "2.conf", "3.conf", "4.conf", "5.conf", "6.conf", "7.json"], "5.conf and 2 more"),
            (["config": "no JSON"], [], "/etc/cni/net.d"),
        ] as [([String: String], [String]?, String)])
    func words(_ info: [String: String], _ names: [String]?, _ part: String) {
        let words = NetworkConfigurationReport.words(info: info, list: { _ in names })
        #expect(words.contains(part), "\(words)")
    }
}
