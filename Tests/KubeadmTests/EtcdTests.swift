import Flags
import JSON
import KubernetesClient
import Synchronization
import Testing

@testable import Kubeadm

@Suite("kubeadm and etcd")
struct EtcdTests {
    /// Etcd's side: a list of members that changes as it is asked to.
    private final class FakeEtcd: Sendable {
        struct State {
            var members: [JSONValue]
            var calls: [String] = []
            /// How often a promotion is refused.
            var refusals = 0
            /// How many changes are made without an answer.
            var lost = 0
            /// How often a list is answered by nobody, and how often by one who knows no leader.
            var silent = 0
            var leaderless = 0
            var said: [String] = []
        }

        let state: Mutex<State>

        init(_ members: [JSONValue], refusals: Int = 0) { state = Mutex(State(members: members, refusals: refusals)) }

        var members: EtcdMembers {
            var members = EtcdMembers(endpoints: ["https://gone:2379", "https://here:2379"]) { [self] endpoint, path, body in
                guard endpoint == "https://here:2379" else {
                    throw TransportError(kind: .refused, server: endpoint, cause: "nothing listens there")
                }
                let (answer, isLost) = state.withLock { state in
                    if path.hasSuffix("list"), state.silent > 0 {
                        state.silent -= 1
                        return (HTTPResponseData(status: 200, headers: [], body: []), true)
                    }
                    if path.hasSuffix("list"), state.leaderless > 0 {
                        state.leaderless -= 1
                        return (HTTPResponseData(status: 503, headers: [], body: Array(#"{"message":"etcdserver: no leader"}"#.utf8)), false)
                    }
                    defer { if !path.hasSuffix("list") { state.lost -= 1 } }
                    return (Self.answer(path, body, &state), state.lost > 0 && !path.hasSuffix("list"))
                }
                if isLost { throw TransportError(kind: .timeout, server: endpoint, cause: "nothing came") }
                return answer
            }
            members.time = EtcdTests.time()
            members.say = { [self] line in state.withLock { $0.said.append(line) } }
            return members
        }

        private static func answer(_ path: String, _ body: JSONValue, _ state: inout State) -> HTTPResponseData {
            let verb = path.split(separator: "/").last.map(String.init) ?? ""
            if verb != "list" { state.calls.append(verb + " " + (body["ID"]?.stringValue ?? body["peerURLs"]?[0]?.stringValue ?? "")) }
            switch verb {
            case "add" where state.members.contains(where: { $0["peerURLs"] == body["peerURLs"] }):
                return HTTPResponseData(status: 409, headers: [], body: Array(#"{"message":"etcdserver: Peer URLs already exists"}"#.utf8))
            case "add": state.members.append(["ID": "9", "peerURLs": body["peerURLs"] ?? [], "isLearner": body["isLearner"] ?? false])
            case "remove":
                guard state.members.contains(where: { $0["ID"] == body["ID"] }) else {
                    return HTTPResponseData(status: 404, headers: [], body: Array(#"{"message":"etcdserver: member not found"}"#.utf8))
                }
                state.members.removeAll { $0["ID"] == body["ID"] }
            case "promote" where state.refusals > 0:
                state.refusals -= 1
                return HTTPResponseData(status: 412, headers: [], body: Array(#"{"message":"not in sync"}"#.utf8))
            default: break
            }
            return HTTPResponseData(status: 200, headers: [], body: JSONValue.object(["members": .array(state.members)]).serialized())
        }
    }

    private static func member(_ id: String, _ name: String, _ address: String) -> JSONValue {
        [
            "ID": .string(id), "name": .string(name), "peerURLs": [.string("https://\(address):2380")],
            "clientURLs": [.string("https://\(address):2379")],
        ]
    }

    private func settings(_ address: String = "192.0.2.2", _ name: String = "second") throws -> InitSettings {
        try InitSettings(
            InitSettings.read(InitFlags.table, ["--apiserver-advertise-address=\(address)", "--node-name=\(name)", "--etcd"]))
    }

    /// A clock that jumps ahead whenever somebody sleeps.
    private static func time() -> TimeSource {
        let total = Clock()
        return TimeSource(
            wallMicroseconds: { 0 }, uptime: { total.value.withLock { $0 } }, sleep: { duration in total.value.withLock { $0 += duration } })
    }

    private final class Clock: Sendable {
        let value = Mutex(Duration.zero)
    }

    @Test func aMemberComesInAsALearnerAndIsPromotedWhenItIsReady() async throws {
        let etcd = FakeEtcd([Self.member("1", "first", "192.0.2.1")], refusals: 3)
        let settings = try settings()
        var manifest = ""
        try await EtcdJoin(settings: settings, members: etcd.members, time: Self.time()).run { others in
            let local = try #require(settings.store.local)
            manifest = EtcdManifest(settings: settings, etcd: local, image: "etcd:1", others: others).text
        }
        #expect(etcd.state.withLock { $0.calls } == ["add https://192.0.2.2:2380"] + Array(repeating: "promote 9", count: 4))
        #expect(manifest.contains("--initial-cluster=first=https://192.0.2.1:2380,second=https://192.0.2.2:2380\n"))
        #expect(manifest.contains("--initial-cluster-state=existing\n") && EtcdManifest.dataFolder(manifest) == "/var/lib/etcd")
    }

    @Test func whatIsLeftOfAnEarlierLifeGoesFirst() async throws {
        let etcd = FakeEtcd([Self.member("1", "first", "192.0.2.1"), Self.member("2", "second", "192.0.2.2")])
        var others: [EtcdMember] = []
        try await EtcdJoin(settings: try settings(), members: etcd.members, time: Self.time()).run { others = $0 }
        #expect(etcd.state.withLock { $0.calls } == ["remove 2", "add https://192.0.2.2:2380", "promote 9"])
        #expect(others.map(\.name) == ["first"])
    }

    @Test func aChangeWhoseAnswerIsLostIsAskedForAgain() async throws {
        let etcd = FakeEtcd([Self.member("1", "first", "192.0.2.1"), Self.member("2", "second", "192.0.2.2")])
        let second = try #require(try await etcd.members.list().last)
        etcd.state.withLock { $0.lost = 2 }
        try await etcd.members.remove(second)
        #expect(try await etcd.members.list().map(\.name) == ["first"])
        etcd.state.withLock { $0.lost = 1 }
        #expect(try await etcd.members.add("https://192.0.2.3:2380").count == 2)
        #expect(
            etcd.state.withLock { $0.calls } == Array(repeating: "remove 2", count: 3) + Array(repeating: "add https://192.0.2.3:2380", count: 2))
    }

    @Test func whoIsJustComingBackIsWaitedFor() async throws {
        let etcd = FakeEtcd([Self.member("1", "first", "192.0.2.1")])
        etcd.state.withLock { ($0.silent, $0.leaderless) = (3, 3) }
        #expect(try await etcd.members.list().map(\.name) == ["first"])
        let said = etcd.state.withLock { $0.said }
        #expect(said.count == 1 && said[0].contains("Waiting for etcd at https://gone:2379, https://here:2379, up to 1m0s"))
        etcd.state.withLock { $0.leaderless = .max }
        let error = await #expect(throws: KubeadmError.self) { try await etcd.members.list() }
        #expect(error?.description.contains("for 1m0s: etcdserver: no leader") == true)
    }

    @Test func aMemberThatNeverGetsReadyIsNamed() async throws {
        let etcd = FakeEtcd([Self.member("1", "first", "192.0.2.1")], refusals: .max)
        let error = await #expect(throws: KubeadmError.self) {
            try await EtcdJoin(settings: try settings(), members: etcd.members, time: Self.time()).run { _ in }
        }
        #expect(error?.description.contains("promote the member 9 at https://192.0.2.2:2380: not in sync") == true)
    }

    @Test func theFirstMemberBeginsACluster() throws {
        let settings = try settings("192.0.2.1", "first")
        let text = EtcdManifest(settings: settings, etcd: try #require(settings.store.local), image: "apus.local/etcd:3.4.23").text
        let tree = try YAMLTree.read(text, path: "m")
        let command = tree["spec"]?["containers"]?[0]?["command"]?.arrayValue?.compactMap(\.stringValue) ?? []
        #expect(command.first == "etcd" && command.contains("--initial-cluster=first=https://192.0.2.1:2380"))
        #expect(command.contains("--initial-cluster-state=new") && command.contains("--peer-client-cert-auth=true"))
        #expect(tree["metadata"]?["annotations"]?[EtcdManifest.endpointAnnotation] == "https://192.0.2.1:2379")
        #expect(tree["spec"]?["containers"]?[0]?["livenessProbe"]?["httpGet"]?["port"] == 2381)
    }

    @Test func membersAreShown() throws {
        let members = [Self.member("255", "first", "192.0.2.1"), ["ID": "16", "peerURLs": ["https://192.0.2.2:2380"], "isLearner": true]]
            .compactMap(EtcdMember.init)
        let rows = EtcdCommand.rows(members, ["255": "yes"])
        #expect(
            rows.count == 3 && rows[1].hasPrefix("10   <never started>") && rows[1].hasSuffix("learner   no") && rows[2].hasSuffix("voter     yes"))
    }
}
