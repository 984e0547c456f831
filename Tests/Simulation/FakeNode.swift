import APIServer
import CoordinationV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Synchronization

/// A machine with a kubelet, as far as the API can tell: it says that it lives, starts and stops containers, and writes what became of them.
///
/// Containers outlive the kubelet; with the machine's power they go.
final class FakeNode: Sendable {
    private struct Container: Sendable {
        var startedAt: Duration
        var readyAt: Duration
        /// When it ends by itself, and how.
        var endsAt: Duration?
        var endsWell = true
        var restarts: Int32 = 0
        /// When it is gone, once it has been told to stop.
        var stoppedAt: Duration?
    }

    let name: String
    private let world: World
    private let containers = Mutex<[String: Container]>([:])
    private let hasPower = Mutex(true)

    init(_ name: String, _ world: World) {
        self.name = name
        self.world = world
    }

    var isUp: Bool { hasPower.withLock { $0 } }

    /// The kubelet's life.
    func run(_ process: Process, life: Int) async throws {
        let client = process.client(life, as: UserInfo(name: "system:node:\(name)", groups: ["system:nodes"]))
        let informers = InformerFactory(client: client, time: world.time, logger: world.logger)
        let pods = informers.informer(Pod.self, fieldSelector: "spec.nodeName=\(name)")
        let queue = WorkQueue<NamespacedName>(time: world.time)
        pods.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) }, updated: { queue.add(NamespacedName($1.metadata)) },
            deleted: { [self] pod in stopAll(of: pod) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await informers.run() }
            group.addTask { [self] in try await heartbeat(client) }
            group.addTask { [self] in
                try await pods.waitForSync()
                forgetAllBut(pods.list())
                await runWorkers(queue: queue, count: 4) { [self] key in
                    if let pod = pods.get(key) { try await sync(pod, client, queue) }
                }
            }
            try await group.waitForAll()
        }
    }

    func losePower() {
        hasPower.withLock { $0 = false }
        let uids = containers.withLock { containers in
            defer { containers = [:] }
            return containers.keys.sorted()
        }
        for uid in uids { world.ledger.stopped(uid: uid) }
    }

    func getPower() { hasPower.withLock { $0 = true } }

    // MARK: Node

    private func heartbeat(_ client: Client) async throws {
        while true {
            do {
                try await register(client)
                break
            } catch is CancellationError {
                throw CancellationError()
            } catch { try await world.time.sleep(.seconds(1)) }
        }
        while true {
            // What fails is tried again at the next beat.
            try? await renewLease(client)
            try? await writeStatus(client)
            try await world.time.sleep(.seconds(10))
        }
    }

    private func register(_ client: Client) async throws {
        do {
            let node = Node {
                $0.metadata.name = name
                $0.metadata.labels = ["kubernetes.io/hostname": name]
                $0.status = status()
            }
            _ = try await client.create(node)
        } catch let error as APIStatusError where error.code == 409 {}
    }

    private func status() -> NodeStatus {
        let room = ["cpu": Quantity("8"), "memory": Quantity("32Gi"), "pods": Quantity("110")].compactMapValues { $0 }
        let now = Time(seconds: world.time.wallMicroseconds() / 1_000_000)
        return NodeStatus { status in
            status.capacity = room
            status.allocatable = room
            status.conditions = [
                NodeCondition {
                    $0.type = "Ready"
                    $0.status = "True"
                    $0.reason = "KubeletReady"
                    $0.lastHeartbeatTime = now
                    $0.lastTransitionTime = now
                }
            ]
        }
    }

    private func writeStatus(_ client: Client) async throws {
        var node = try await client.get(Node.self, name)
        if node.status.conditions.contains(where: { $0.type == "Ready" && $0.status == "True" }) { return }
        node.status = status()
        _ = try await client.update(node, subresource: "status")
    }

    private func renewLease(_ client: Client) async throws {
        let now = MicroTime(microseconds: world.time.wallMicroseconds())
        do {
            var lease = try await client.get(Lease.self, name, namespace: "kube-node-lease")
            lease.spec.renewTime = now
            _ = try await client.update(lease)
        } catch let error as APIStatusError where error.isNotFound {
            _ = try await client.create(
                Lease {
                    $0.metadata.name = name
                    $0.metadata.namespace = "kube-node-lease"
                    $0.spec.holderIdentity = name
                    $0.spec.leaseDurationSeconds = 40
                    $0.spec.renewTime = now
                })
        }
    }

    // MARK: Pods

    /// One step with a pod; comes again when there is another.
    private func sync(_ pod: Pod, _ client: Client, _ queue: WorkQueue<NamespacedName>) async throws {
        let uid = pod.metadata.uid ?? ""
        let key = NamespacedName(pod.metadata)
        let now = world.time.uptime()
        if pod.metadata.deletionTimestamp != nil { return try await end(pod, client, queue) }
        if pod.status.phase == "Succeeded" || pod.status.phase == "Failed" { return stopAll(of: pod) }
        guard var container = containers.withLock({ $0[uid] }) else {
            let new = container(for: pod, now)
            containers.withLock { $0[uid] = new }
            world.ledger.started(pod, on: name)
            queue.add(key, after: new.readyAt - now)
            return
        }
        if let endsAt = container.endsAt, now >= endsAt {
            world.ledger.ended(pod, well: container.endsWell)
            if pod.spec.restartPolicy == "OnFailure", !container.endsWell {
                container.endsAt = now + world.dice.seconds(1...20)
                container.endsWell = true
                container.restarts += 1
                containers.withLock { $0[uid] = container }
                return queue.add(key, after: (container.endsAt ?? now) - now)
            }
            try await write(pod, phase: container.endsWell ? "Succeeded" : "Failed", ready: false, container, client)
            return stopAll(of: pod)
        }
        let ready = now >= container.readyAt
        let saysReady = pod.status.conditions.contains { $0.type == "Ready" && $0.status == "True" }
        if pod.status.phase != "Running" || saysReady != ready {
            try await write(pod, phase: "Running", ready: ready, container, client)
        }
        if !ready { queue.add(key, after: container.readyAt - now) }
        if let endsAt = container.endsAt { queue.add(key, after: max(.milliseconds(1), endsAt - now)) }
    }

    private func container(for pod: Pod, _ now: Duration) -> Container {
        var container = Container(startedAt: now, readyAt: now + world.dice.seconds(0.3...4))
        // What a job's pods do stands in their labels.
        if let share = pod.metadata.labels["fails"] {
            container.endsAt = container.readyAt + world.dice.seconds(0.5...30)
            container.endsWell = world.dice.number(1...100) > (Int(share) ?? 0)
        }
        return container
    }

    private func end(_ pod: Pod, _ client: Client, _ queue: WorkQueue<NamespacedName>) async throws {
        let uid = pod.metadata.uid ?? ""
        let key = NamespacedName(pod.metadata)
        let now = world.time.uptime()
        if var container = containers.withLock({ $0[uid] }) {
            guard let stoppedAt = container.stoppedAt else {
                let grace = world.dice.seconds(0.1...3)
                container.stoppedAt = now + grace
                containers.withLock { $0[uid] = container }
                return queue.add(key, after: grace)
            }
            if now < stoppedAt { return queue.add(key, after: stoppedAt - now) }
            if pod.status.phase != "Succeeded", pod.status.phase != "Failed" {
                world.ledger.ended(pod, well: false)
                try await write(pod, phase: "Failed", ready: false, container, client)
            }
            stopAll(of: pod)
        }
        var options = DeleteOptions()
        options.gracePeriodSeconds = 0
        options.preconditions = Preconditions { $0.uid = uid }
        do {
            try await client.delete(Pod.self, key.name, namespace: key.namespace, options)
        } catch let error as APIStatusError where error.isNotFound || error.code == 409 {}
    }

    private func stopAll(of pod: Pod) {
        guard let uid = pod.metadata.uid else { return }
        if containers.withLock({ $0.removeValue(forKey: uid) }) != nil { world.ledger.stopped(uid: uid) }
    }

    /// After a start: containers of pods that nobody wants here any more are stopped.
    private func forgetAllBut(_ pods: [Pod]) {
        let wanted = Set(pods.compactMap(\.metadata.uid))
        let gone = containers.withLock { containers in
            let gone = containers.keys.filter { !wanted.contains($0) }.sorted()
            for uid in gone { containers[uid] = nil }
            return gone
        }
        for uid in gone { world.ledger.stopped(uid: uid) }
    }

    private func write(_ pod: Pod, phase: String, ready: Bool, _ container: Container, _ client: Client) async throws {
        let now = Time(seconds: world.time.wallMicroseconds() / 1_000_000)
        var changed = pod
        changed.status.phase = phase
        for type in ["Ready", "ContainersReady"] {
            let status = ready ? "True" : "False"
            if let index = changed.status.conditions.firstIndex(where: { $0.type == type }) {
                if changed.status.conditions[index].status != status { changed.status.conditions[index].lastTransitionTime = now }
                changed.status.conditions[index].status = status
            } else {
                changed.status.conditions.append(
                    PodCondition {
                        $0.type = type
                        $0.status = status
                        $0.lastTransitionTime = now
                    })
            }
        }
        changed.status.startTime = changed.status.startTime ?? now
        changed.status.containerStatuses = [
            ContainerStatus { status in
                status.name = "c"
                status.ready = ready
                status.restartCount = container.restarts
                guard phase != "Running" else { return }
                status.state = ContainerState { state in
                    state.terminated = ContainerStateTerminated {
                        $0.exitCode = phase == "Succeeded" ? 0 : 1
                        $0.finishedAt = now
                    }
                }
            }
        ]
        _ = try await client.update(changed, subresource: "status")
    }
}
