import Flags
import Glibc
import Linux
import PKI

/// `kubeadm etcd members|remove`: who keeps the cluster's objects, as etcd itself tells, on a control plane with a member of it.
enum EtcdCommand: KubeadmCommand {
    static let name = "etcd"
    static let summary = "Show the members of etcd, and take out one that is gone for good"

    private static let table = FlagTable(
        program: "kubeadm etcd", summary: "members shows the members of etcd; remove NAME takes out one whose machine is gone for good.",
        text: """
            [Etcd]
              cert-dir                 string  /etc/kubernetes/pki -  the folder of certificates
              endpoints                list    https://127.0.0.1:2379 - where etcd is
            """)

    static func run(_ arguments: [String]) async throws {
        let (words, rest) = Positional.split(arguments, table)
        let flags = try FlagValues(table, arguments: rest)
        guard !flags.wantsHelp, let verb = words.first else { return Say.line(HelpText.of(table)) }
        let members = EtcdMembers(endpoints: flags.list("endpoints"), certificates: flags.string("cert-dir"))
        switch (verb, words.count) {
        case ("members", 1):
            for line in rows(try await members.list(), await health(members)) { Say.line(line) }
        case ("remove", 2): try await remove(words[1], members)
        default: throw FlagProblem("kubeadm etcd has no \"\(words.joined(separator: " "))\": members, remove NAME")
        }
    }

    private static func health(_ members: EtcdMembers) async -> [String: String] {
        var words: [String: String] = [:]
        for member in (try? await members.list()) ?? [] {
            guard let endpoint = member.clientURLs.first else { continue }
            do {
                // Who tells of the others has reached somebody who could.
                var one = EtcdMembers(endpoints: [endpoint], send: members.send)
                one.patience = .zero
                one.say = { _ in }
                _ = try await one.list()
                words[member.id] = "yes"
            } catch {
                words[member.id] = "no"
            }
        }
        return words
    }

    /// - Parameter answers: by the members' ids.
    static func rows(_ members: [EtcdMember], _ answers: [String: String]) -> [String] {
        let sorted = members.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
        return Columns.text(
            [["ID", "NAME", "PEER", "CLIENT", "ROLE", "ANSWERS"]]
                + sorted.map { member in
                    [
                        member.hexadecimalID, member.name.isEmpty ? "<never started>" : member.name, member.peerURLs.joined(separator: ","),
                        member.clientURLs.isEmpty ? "<none>" : member.clientURLs.joined(separator: ","), member.isLearner ? "learner" : "voter",
                        answers[member.id] ?? "no",
                    ]
                })
    }

    private static func remove(_ word: String, _ members: EtcdMembers) async throws {
        let all = try await members.list()
        guard let member = all.first(where: { $0.name == word || $0.hexadecimalID == word }) else {
            throw KubeadmError("there is no member \"\(word)\"; kubeadm etcd members shows those that there are")
        }
        guard all.count > 1 else { throw KubeadmError("\"\(word)\" is the only member: without it nothing is left of the cluster") }
        try await members.remove(member)
        Say.line("member \"\(word)\" removed; kubectl delete node takes the node out, too")
    }
}

/// Takes this machine's member out of the others' cluster, before its data go.
enum EtcdLeaving {
    /// - Parameter certificates: the folder of certificates.
    static func leave(nodeName: String, certificates: String) async throws {
        var own = EtcdMembers(endpoints: [EtcdManifest.url("127.0.0.1", LocalEtcd.clientPort)], certificates: certificates)
        // A member that is taken away may well be one that cannot run any more.
        own.patience = .seconds(5)
        let all = try await own.list()
        guard all.count > 1, let member = all.first(where: { $0.name == nodeName }) else { return }
        Say.line("[reset] Removing this machine's member of etcd, \(member.hexadecimalID)")
        let others = all.filter { $0 != member }.flatMap(\.clientURLs)
        try await EtcdMembers(endpoints: others, certificates: certificates).remove(member)
    }
}
