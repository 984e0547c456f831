import Flags
import JSON
import KubernetesClient
import Logging

/// One member of an etcd cluster, as etcd tells.
struct EtcdMember: Sendable, Equatable {
    var id: String
    /// Empty until the member has started for the first time.
    var name: String
    var peerURLs: [String]
    var clientURLs: [String] = []
    /// Whether it only listens: it does not count for majorities yet.
    var isLearner = false

    init?(_ tree: JSONValue) {
        // Numbers of 64 bits are texts in etcd's JSON.
        guard let id = tree["ID"]?.stringValue else { return nil }
        func list(_ field: String) -> [String] { tree[field]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        self.id = id
        name = tree["name"]?.stringValue ?? ""
        peerURLs = list("peerURLs")
        clientURLs = list("clientURLs")
        isLearner = tree["isLearner"]?.boolValue == true
    }

    /// As etcd's own tools write it.
    var hexadecimalID: String { UInt64(id).map { String($0, radix: 16) } ?? id }
}

/// Who belongs to an etcd cluster: etcd's own account of it is the only one. Spoken through etcd's JSON gateway, at the port of its clients.
struct EtcdMembers: Sendable {
    /// How long one member may take to answer: what is sent on to a leader that has just died is never answered.
    static let attempt: Duration = .seconds(5)
    /// How long to wait before all are asked again; upstream's number.
    static let pause: Duration = .milliseconds(500)

    /// The members' URLs for clients; the first that answers serves.
    var endpoints: [String]
    /// How long the members are asked: one that has just been started, or a cluster that elects a leader, answers in a while.
    var patience: Duration = .seconds(60)
    var time: TimeSource = .system
    /// Told once what a request waits for.
    var say: @Sendable (String) -> Void = { Say.line($0) }
    /// Sends a request to one of them. A parameter, so that tests can be etcd.
    var send: @Sendable (_ endpoint: String, _ path: String, _ body: JSONValue) async throws -> HTTPResponseData

    /// - Parameter certificates: the cluster's folder of certificates.
    init(endpoints: [String], certificates: String) {
        self.endpoints = endpoints
        send = { endpoint, path, body in
            var connection = ServerConnection(server: endpoint)
            connection.certificateAuthority = .file("\(certificates)/etcd/ca.crt")
            connection.clientCertificate = .file("\(certificates)/etcd/healthcheck-client.crt")
            connection.clientKey = .file("\(certificates)/etcd/healthcheck-client.key")
            let request = HTTPRequestData(method: "POST", path: path, headers: [("Content-Type", "application/json")], body: body.serialized())
            let asked = connection
            do {
                return try await withDeadline(Self.attempt) { try await SingleRequest.send(asked, request) }
            } catch let error as DeadlineError {
                throw TransportError(kind: .timeout, server: endpoint, cause: "\(error)")
            }
        }
    }

    init(endpoints: [String], send: @escaping @Sendable (String, String, JSONValue) async throws -> HTTPResponseData) {
        self.endpoints = endpoints
        self.send = send
    }

    func list() async throws -> [EtcdMember] {
        try await ask("list", [:])["members"]?.arrayValue?.compactMap(EtcdMember.init) ?? []
    }

    /// Takes a member in that listens until it is promoted, so that the others go on if it never starts.
    @discardableResult
    func add(_ peerURL: String) async throws -> [EtcdMember] {
        do {
            return try await ask("add", ["peerURLs": [.string(peerURL)], "isLearner": true])["members"]?.arrayValue?.compactMap(EtcdMember.init) ?? []
        } catch let refusal as EtcdRefusal {
            // Asked anew after a lost answer, etcd refuses what it has done.
            let all = try await list()
            guard all.contains(where: { $0.peerURLs == [peerURL] }) else { throw refusal }
            return all
        }
    }

    /// - Throws: `EtcdRefusal` also while the member has not yet what the others have.
    func promote(_ member: EtcdMember) async throws {
        do {
            _ = try await ask("promote", ["ID": .string(member.id)])
        } catch let refusal as EtcdRefusal {
            guard try await list().contains(where: { $0.id == member.id && !$0.isLearner }) else { throw refusal }
        }
    }

    func remove(_ member: EtcdMember) async throws {
        do {
            _ = try await ask("remove", ["ID": .string(member.id)])
        } catch let refusal as EtcdRefusal {
            if try await list().contains(where: { $0.id == member.id }) { throw refusal }
        }
    }

    private func ask(_ verb: String, _ body: JSONValue) async throws -> JSONValue {
        let deadline = time.uptime() + patience
        var isSaid = false
        while true {
            do {
                return try await askOnce(verb, body)
            } catch let error where error is TransportError || error is EtcdNotNow {
                guard time.uptime() < deadline else {
                    let places = endpoints.joined(separator: ", ")
                    throw KubeadmError("no member of etcd has answered at \(places) for \(GoDuration.text(patience)): \(error)")
                }
                if !isSaid {
                    say("[etcd] Waiting for etcd at \(endpoints.joined(separator: ", ")), up to \(GoDuration.text(patience)): \(error)")
                    isSaid = true
                }
                try await time.sleep(Self.pause)
            }
        }
    }

    /// Asks the first member that can be reached.
    /// - Throws: `EtcdRefusal` when it says no, what became of the last connection when none can, or when none can say yet.
    private func askOnce(_ verb: String, _ body: JSONValue) async throws -> JSONValue {
        var last: (any Error)?
        for endpoint in endpoints {
            do {
                let answer = try await send(endpoint, "/v3/cluster/member/\(verb)", body)
                let tree = (try? JSONValue(parsing: answer.body)) ?? .null
                guard answer.status == 200 else {
                    let why = tree["message"]?.stringValue ?? tree["error"]?.stringValue ?? "etcd answers \(answer.status)"
                    if EtcdNotNow.statuses.contains(answer.status) { throw EtcdNotNow(description: why) }
                    throw EtcdRefusal(description: why)
                }
                return tree
            } catch let refusal as EtcdRefusal {
                throw refusal
            } catch {
                last = error
            }
        }
        throw last ?? KubeadmError("no member of etcd is known")
    }
}

/// What etcd said instead of doing what it was asked for.
struct EtcdRefusal: Error, CustomStringConvertible {
    var description: String
}

/// A member answers that it cannot, as long as there is no leader or too few members are up.
struct EtcdNotNow: Error, CustomStringConvertible {
    static let statuses = [503, 504]

    var description: String
}
