import CoordinationV1
import CoreV1
import KubernetesAPI
import KubernetesClient
import Logging
import ServiceLifecycle

/// Renews the node's lease, by which the control plane sees that the node lives.
struct NodeLease: ServiceLifecycle.Service {
    static let namespace = "kube-node-lease"

    var nodeName: String
    var durationSeconds: Int32
    var client: Client
    var node: @Sendable () -> Node?
    var time: TimeSource
    var logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var held: Lease?
            var pause = RetryDelay(first: .milliseconds(200), longest: .seconds(7))
            while !Task.isCancelled {
                do {
                    held = try await renew(held)
                    pause.succeeded()
                    try await time.sleep(.seconds(Int64(durationSeconds) / 4))
                } catch is CancellationError {
                    return
                } catch {
                    // Somebody else may have changed it: begin with what is there.
                    held = nil
                    let now = time.now
                    pause.failed(now)
                    logger.info("node lease not renewed", metadata: ["node": "\(nodeName)", "error": "\(error)"])
                    guard (try? await time.sleep(pause.readyAt.since(now))) != nil else { return }
                }
            }
        }
    }

    private func renew(_ held: Lease?) async throws -> Lease {
        if let held { return try await client.update(filled(held)) }
        do {
            return try await client.update(filled(try await client.get(Lease.self, nodeName, namespace: NodeLease.namespace)))
        } catch let error as APIStatusError where error.isNotFound {
            return try await client.create(filled(Lease()))
        }
    }

    private func filled(_ lease: Lease) -> Lease {
        var lease = lease
        lease.metadata.name = nodeName
        lease.metadata.namespace = NodeLease.namespace
        if lease.metadata.ownerReferences.isEmpty, let node = node() {
            lease.metadata.ownerReferences = [
                OwnerReference {
                    $0.apiVersion = "v1"
                    $0.kind = "Node"
                    $0.name = nodeName
                    $0.uid = node.metadata.uid ?? ""
                }
            ]
        }
        lease.spec.holderIdentity = nodeName
        lease.spec.leaseDurationSeconds = durationSeconds
        lease.spec.renewTime = MicroTime(microseconds: time.wallMicroseconds())
        return lease
    }
}
