import JSON
import KubernetesAPI
import KubernetesClient
import PKI
import Testing

@testable import APIServer

/// The requests of a kubelet of upstream's, as its client writes them: protobuf with every plain field of a message, empty ones too, JSON for
/// patches, and answers wanted in protobuf. It is nobody but its node, so that node authorization and NodeRestriction judge it.
private struct UpstreamKubelet {
    let transport: InProcessTransport
    private static let type = "application/vnd.kubernetes.protobuf"

    struct Answer {
        var status: Int
        var tree: JSONValue
    }

    func send(_ method: String, _ path: String, _ body: [UInt8] = [], type: String = Self.type) async throws -> Answer {
        let reply = try await transport.send(
            HTTPRequestData(method: method, path: path, headers: Self.headers + (body.isEmpty ? [] : [("Content-Type", type)]), body: body))
        let told = reply.headers.first { $0.0.lowercased() == "content-type" }?.1
        // It takes both, and goes by what it is told.
        #expect(told == Self.type || told == "application/json", "\(method) \(path)")
        return Answer(
            status: reply.status, tree: told == Self.type ? try ProtobufDocument.tree(reply.body) : try JSONValue(parsing: reply.body))
    }

    func patch(_ path: String, _ body: JSONValue) async throws -> Answer {
        try await send("PATCH", path, body.serialized(), type: "application/strategic-merge-patch+json")
    }

    func watch(_ path: String) async throws -> Frames {
        let frames = Frames()
        let stream = try await transport.stream(HTTPRequestData(method: "GET", path: path, headers: Self.headers, body: []))
        #expect(stream.headers.first { $0.0.lowercased() == "content-type" }?.1 == "application/vnd.kubernetes.protobuf;stream=watch")
        Task {
            for try await chunk in stream.body { frames.write(chunk) }
            frames.finish()
        }
        return frames
    }

    private static let headers = [("Accept", "\(type),application/json"), ("User-Agent", "kubelet/v1.36.0 (linux/amd64) kubernetes/0000000")]
}

/// ObjectMeta as Go writes it: what is empty stands there, too.
private func metadata(_ name: String, namespace: String = "", uid: String = "", version: String = "", _ more: (Message) -> Message = { $0 })
    -> Message
{
    more(
        Message().text(1, name).text(2, "").text(3, namespace).text(4, "").text(5, uid).text(6, version).number(7, 0).message(8, Message()))
}

private func time(_ seconds: UInt64) -> Message { Message().number(1, seconds).number(2, 0) }

@Suite("A kubelet of upstream's and our API server")
struct UpstreamKubeletTests {
    private func withKubelet(_ body: @escaping @Sendable (WholeServer, UpstreamKubelet, Client) async throws -> Void) async throws {
        try await WholeServer.with { whole in
            let user = UserInfo(name: "system:node:n1", groups: ["system:nodes", "system:authenticated"])
            let admin = Client(transport: whole.server.transport(as: UserInfo(name: "admin", groups: ["system:masters"])), userAgent: "admin")
            try await body(whole, UpstreamKubelet(transport: whole.server.transport(as: user)), admin)
        }
    }

    private static let node: [UInt8] = {
        let quantities = [("cpu", "2"), ("memory", "24576001Ki"), ("pods", "110")]
        func resources(_ number: UInt8, _ message: Message) -> Message {
            quantities.reduce(message) { $0.entry(number, $1.0, Message().text(1, $1.1)) }
        }
        func condition(_ type: String, _ status: String, _ reason: String) -> Message {
            Message().text(1, type).text(2, status).message(3, time(1_767_323_045)).message(4, time(1_767_323_045)).text(5, reason).text(6, "m")
        }
        let info = ["m", "u", "b", "6.1.0", "Debian", "containerd://1.7.0", "v1.36.0", "", "linux", "amd64"].enumerated()
            .reduce(Message()) { $0.text(UInt8($1.offset + 1), $1.element) }
        let status = resources(2, resources(1, Message())).text(3, "")
            .message(4, condition("MemoryPressure", "False", "KubeletHasSufficientMemory")).message(4, condition("Ready", "True", "KubeletReady"))
            .message(5, Message().text(1, "InternalIP").text(2, "10.0.2.9")).message(5, Message().text(1, "Hostname").text(2, "n1"))
            .message(6, Message().message(1, Message().number(1, 10250))).message(7, info)
            .message(8, Message().text(1, "registry.k8s.io/pause:3.10").number(2, 321_520))
        let meta = metadata("n1") { $0.entry(11, "kubernetes.io/hostname", "n1").entry(11, "kubernetes.io/os", "linux") }
        return Message().message(1, meta).message(2, Message().text(1, "").text(3, "").number(4, 0)).message(3, status).object("v1", "Node")
    }()

    @Test("it registers its node, reports and keeps its lease")
    func itsNode() async throws {
        try await withKubelet { _, kubelet, _ in
            let made = try await kubelet.send("POST", "/api/v1/nodes", Self.node)
            #expect(made.status == 201)
            #expect(
                made.tree.at("status", "allocatable", "memory") == "24576001Ki" && made.tree.at("status", "nodeInfo", "kubeletVersion") == "v1.36.0")
            #expect(made.tree.at("status", "daemonEndpoints", "kubeletEndpoint", "Port") == 10250)
            let again = try await kubelet.send("POST", "/api/v1/nodes", Self.node)
            #expect(again.status == 409 && again.tree["reason"] == "AlreadyExists")
            #expect(try await kubelet.send("GET", "/api/v1/nodes/n1?resourceVersion=0").tree.at("metadata", "uid") == made.tree.at("metadata", "uid"))

            let beat = "2026-01-02T03:04:15Z"
            let order: JSONValue = [["type": "MemoryPressure"], ["type": "Ready"]]
            let patched = try await kubelet.patch(
                "/api/v1/nodes/n1/status?timeout=10s",
                [
                    "status": [
                        "$setElementOrder/conditions": order,
                        "conditions": [
                            ["lastHeartbeatTime": .string(beat), "type": "MemoryPressure"], ["lastHeartbeatTime": .string(beat), "type": "Ready"],
                        ],
                    ]
                ])
            #expect(patched.status == 200, "\(patched.tree)")
            let conditions = patched.tree.list("status", "conditions")
            #expect(
                conditions.map { $0.text("type") } == ["MemoryPressure", "Ready"] && conditions.allSatisfy { $0.text("lastHeartbeatTime") == beat })
            #expect(conditions.map { $0.text("reason") } == ["KubeletHasSufficientMemory", "KubeletReady"])

            let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
            let owner = Message().text(1, "Node").text(3, "n1").text(4, made.tree.at("metadata", "uid")?.stringValue ?? "").text(5, "v1")
            func lease(_ version: String, _ renewed: UInt64) -> [UInt8] {
                let spec = Message().text(1, "n1").number(2, 40).message(4, time(renewed))
                return Message().message(1, metadata("n1", namespace: "kube-node-lease", version: version) { $0.message(13, owner) }).message(2, spec)
                    .object("coordination.k8s.io/v1", "Lease")
            }
            let first = try await kubelet.send("POST", leases, lease("", 1_767_323_045))
            #expect(first.status == 201 && first.tree.at("metadata", "ownerReferences")?.arrayValue?.first?["name"] == "n1")
            let version = try #require(first.tree.at("metadata", "resourceVersion")?.stringValue)
            let renewed = try await kubelet.send("PUT", "\(leases)/n1", lease(version, 1_767_323_055))
            #expect(renewed.status == 200 && renewed.tree.at("spec", "renewTime") == "2026-01-02T03:04:15.000000Z")
            #expect(try await kubelet.send("PUT", "\(leases)/n1", lease(version, 1_767_323_065)).status == 409)

            let csi = Message().message(1, metadata("n1")).message(2, Message()).object("storage.k8s.io/v1", "CSINode")
            #expect(try await kubelet.send("POST", "/apis/storage.k8s.io/v1/csinodes", csi).status == 201)
            let event = Message().message(1, metadata("n1.17a1", namespace: "default"))
                .message(2, Message().text(1, "Node").text(2, "").text(3, "n1").text(4, "n1").text(5, "").text(6, "").text(7, ""))
                .text(3, "Starting").text(4, "Starting kubelet.").message(5, Message().text(1, "kubelet").text(2, "n1")).message(
                    6, time(1_767_323_045)
                )
                .message(7, time(1_767_323_045)).number(8, 1).text(9, "Normal").text(14, "kubelet").text(15, "n1").object("v1", "Event")
            #expect(try await kubelet.send("POST", "/api/v1/namespaces/default/events", event).status == 201)
            // It may do this for no node but its own.
            let other = Message().message(1, metadata("n2")).object("v1", "Node")
            #expect(try await kubelet.send("POST", "/api/v1/nodes", other).status == 403)
        }
    }

    @Test("it hears of its pods, reports on them, gets tokens for them and lets them go")
    func itsPods() async throws {
        try await withKubelet { _, kubelet, admin in
            _ = try await kubelet.send("POST", "/api/v1/nodes", Self.node)
            _ = try await admin.send(
                "POST", "/api/v1/namespaces/default/serviceaccounts", JSONValue.object(["metadata": ["name": "default"]]).serialized())
            let mine = "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1"
            let list = try await kubelet.send("GET", "\(mine)&limit=500&resourceVersion=0")
            #expect(list.status == 200 && list.tree["kind"] == "PodList" && list.tree.list("items").isEmpty)
            let version = try #require(list.tree.at("metadata", "resourceVersion")?.stringValue)
            let frames = try await kubelet.watch("\(mine)&allowWatchBookmarks=true&resourceVersion=\(version)&timeoutSeconds=300&watch=true")
            var events = frames.events.makeAsyncIterator()
            for (name, node) in [("elsewhere", "n2"), ("web", "n1")] {
                let pod: JSONValue = [
                    "metadata": ["name": .string(name)], "spec": ["nodeName": .string(node), "containers": [["name": "c", "image": "x"]]],
                ]
                _ = try await admin.send("POST", "/api/v1/namespaces/default/pods", pod.serialized())
            }
            let added = try #require(await events.next())
            let pod = try ProtobufDocument.tree(added.object)
            #expect(added.type == "ADDED" && pod.at("metadata", "name") == "web")
            let uid = try #require(pod.at("metadata", "uid")?.stringValue)

            let path = "/api/v1/namespaces/default/pods/web"
            let running: JSONValue = [
                "metadata": ["uid": .string(uid)],
                "status": [
                    "$setElementOrder/conditions": [["type": "Ready"], ["type": "PodScheduled"]],
                    "conditions": [["lastProbeTime": nil, "lastTransitionTime": "2026-01-02T03:04:15Z", "status": "True", "type": "Ready"]],
                    "containerStatuses": [
                        [
                            "containerID": "containerd://1", "image": "x", "imageID": "x@sha256:1", "lastState": [:], "name": "c", "ready": true,
                            "restartCount": 0, "started": true, "state": ["running": ["startedAt": "2026-01-02T03:04:15Z"]],
                        ]
                    ], "hostIP": "10.0.2.9", "phase": "Running", "podIP": "10.244.9.2", "podIPs": [["ip": "10.244.9.2"]],
                    "startTime": "2026-01-02T03:04:10Z",
                ],
            ]
            let reported = try await kubelet.patch("\(path)/status", running)
            #expect(reported.status == 200 && reported.tree.at("status", "podIP") == "10.244.9.2")
            #expect(try ProtobufDocument.tree(try #require(await events.next()).object).at("status", "phase") == "Running")

            let bound = Message().text(1, "Pod").text(2, "v1").text(3, "web").text(4, uid)
            let request = Message().message(1, metadata("")).message(2, Message().message(3, bound).number(4, 3607))
                .message(3, Message().text(1, "").message(2, Message())).object("authentication.k8s.io/v1", "TokenRequest")
            let token = try await kubelet.send("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", request)
            #expect(token.status == 201 && token.tree.at("status", "token")?.stringValue?.isEmpty == false)

            // A pod that is told to end stays until its kubelet says that it has.
            _ = try await admin.send("DELETE", path)
            #expect(try ProtobufDocument.tree(try #require(await events.next()).object).at("metadata", "deletionTimestamp") != nil)
            let wrong = Message().number(1, 0).message(2, Message().text(1, "another")).object("v1", "DeleteOptions")
            #expect(try await kubelet.send("DELETE", path, wrong).status == 409)
            let options = Message().number(1, 0).message(2, Message().text(1, uid)).object("v1", "DeleteOptions")
            #expect(try await kubelet.send("DELETE", path, options).status == 200)
            #expect(await events.next()?.type == "DELETED")
            frames.finish()
        }
    }

    @Test("it asks for its certificate, who a client is and what that one may")
    func itsQuestions() async throws {
        try await withKubelet { _, kubelet, _ in
            let key = KeyPair.generate()
            let request = try SigningRequest.make(.client(user: "system:node:n1", groups: ["system:nodes"]), key: key)
            let signing = Message().message(1, metadata("node-csr-1"))
                .message(
                    2,
                    Message().data(1, request).text(2, "").text(3, "").text(5, "digital signature").text(5, "client auth")
                        .text(7, "kubernetes.io/kube-apiserver-client-kubelet")
                ).message(3, Message()).object("certificates.k8s.io/v1", "CertificateSigningRequest")
            let asked = try await kubelet.send("POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", signing)
            #expect(asked.status == 201 && asked.tree.at("spec", "username") == "system:node:n1")
            #expect(asked.tree.at("spec", "request")?.stringValue == Base64.encode(request))

            let review = Message().message(1, metadata("")).message(2, Message().text(1, "abcdef"))
                .message(3, Message().number(1, 0).message(2, Message().text(1, "").text(2, "")).text(3, ""))
                .object("authentication.k8s.io/v1", "TokenReview")
            let who = try await kubelet.send("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)
            #expect(who.status == 201 && who.tree.at("status", "authenticated") != true)

            let attributes = Message().text(1, "").text(2, "create").text(3, "").text(4, "v1").text(5, "nodes").text(6, "proxy").text(7, "n1")
            let question = Message().message(1, metadata(""))
                .message(2, Message().message(1, attributes).text(3, "system:kube-apiserver").text(4, "system:masters").text(6, ""))
                .message(3, Message().number(1, 0).text(2, "").text(3, "").number(4, 0)).object("authorization.k8s.io/v1", "SubjectAccessReview")
            let may = try await kubelet.send("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", question)
            #expect(may.status == 201 && may.tree.at("status", "allowed") == true)
        }
    }
}
