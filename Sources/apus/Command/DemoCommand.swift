import AppsV1
import ArgumentParser
import AsyncHTTPClient
import CoreV1
import KubernetesAPI
import KubernetesClient
import Linux
import NIOCore
import Yams

/// `apus demo`: creates the demo application from its manifests and waits until it answers.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "demo", abstract: "Run the demo application and wait until it answers.")
    static let timeout = Duration.seconds(120)

    @OptionGroup var data: DataFolderOption

    @Argument(help: "The application's manifests.")
    var file: String

    func run() async throws {
        do {
            let folder = try data.folder()
            guard let text = try Files.readText(file) else { throw CommandError("there is no file \(file)") }
            try await ClusterClient.with(folder) { client in
                for document in text.split(separator: "\n---\n") { try await Self.create(String(document), client, file: file) }
                try await Self.wait(client)
                let service = try await client.get(Service.self, "hello", namespace: "default")
                let address = "http://\(service.spec.clusterIP ?? "")/"
                let answer = try await Self.answer(of: address)
                Terminal.say(
                    """
                      \(address) says: \(answer)

                    The cluster is up and runs the application. To use it:

                      export KUBECONFIG=\(folder.adminKubeconfig)

                    Three things to try:

                      kubectl get pods -o wide
                      kubectl scale deployment hello --replicas=5
                      curl \(address)
                    """)
            }
        } catch {
            Terminal.fail("\(error)")
        }
    }

    /// Creates one object; one that is there already stays as it is.
    private static func create(_ document: String, _ client: Client, file: String) async throws {
        let tree = try Yams.load(yaml: document) as? [String: Any]
        guard let tree, let apiVersion = tree["apiVersion"] as? String, let kind = tree["kind"] as? String,
            let name = (tree["metadata"] as? [String: Any])?["name"] as? String
        else { throw CommandError("\(file): a document has no apiVersion, kind or metadata.name") }
        let types = [Deployment.resource, Service.resource, ConfigMap.resource]
        guard let type = types.first(where: { $0.apiVersion == apiVersion && $0.kind == kind }) else {
            throw CommandError("\(file): \(apiVersion) \(kind) is not a kind that the demo has; use kubectl apply")
        }
        do {
            _ = try await client.send("POST", type.path(namespace: "default"), Array(document.utf8), contentType: "application/yaml")
            Terminal.say("  created \(type.singular) \(name)")
        } catch let error as APIStatusError where error.isAlreadyExists {
            Terminal.say("  \(type.singular) \(name) is there already")
        }
    }

    /// Waits until all replicas are available; when that takes too long, says what the pods wait for.
    private static func wait(_ client: Client) async throws {
        let began = ContinuousClock.now
        var options = ListOptions()
        options.fieldSelector = "metadata.name=hello"
        for try await event in client.watch(Deployment.self, namespace: "default", options) {
            if case .added(let deployment) = event, isComplete(deployment) { return }
            if case .modified(let deployment) = event, isComplete(deployment) { return }
            if began.duration(to: .now) > timeout { break }
        }
        let pods = try await client.list(Pod.self, namespace: "default").items
        let reasons = pods.compactMap { pod in
            pod.status.containerStatuses.compactMap { $0.state?.waiting }.first.map {
                "\(pod.metadata.name ?? ""): \($0.reason ?? "") \($0.message ?? "")"
            }
        }
        throw CommandError(
            "the application is not ready: " + (reasons.isEmpty ? "no pod says why; see kubectl get events" : reasons.joined(separator: "; ")))
    }

    private static func isComplete(_ deployment: Deployment) -> Bool {
        deployment.status.availableReplicas ?? 0 >= deployment.spec.replicas ?? 1
            && deployment.status.observedGeneration ?? 0 >= deployment.metadata.generation ?? 0
    }

    /// The service's answer; its rules may be a moment younger than its pods.
    private static func answer(of address: String) async throws -> String {
        let began = ContinuousClock.now
        while true {
            do {
                let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: address), timeout: .seconds(2))
                let body = try await response.body.collect(upTo: 1 << 16)
                return String(buffer: body).split(separator: "\n").joined(separator: " ")
            } catch {
                if began.duration(to: .now) > .seconds(20) { throw CommandError("\(address) does not answer: \(error)") }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
