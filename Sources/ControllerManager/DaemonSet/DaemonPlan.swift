import AppsV1
import CoreV1
import KubernetesAPI

/// What there is of a daemon set, and what is to be made and deleted: decisions only.
struct DaemonPlan {
    struct Place {
        var fit: DaemonFit
        var pods: [Pod]
    }

    /// Something found on the way that people want to know.
    enum Finding: Equatable {
        case failed(pod: String, node: String)
        case succeeded(pod: String, node: String)
    }

    let set: DaemonSet
    let hash: String
    let now: Int64
    /// Every node of the cluster by name.
    private(set) var places: [String: Place]
    /// Pods for nodes that are not there.
    private var strays: [String: [Pod]] = [:]

    var creations: [String] = []
    var deletions: [Pod] = []
    var findings: [Finding] = []

    init(_ set: DaemonSet, hash: String, nodes: [Node], pods: [Pod], now: Int64) {
        self.set = set
        self.hash = hash
        self.now = now
        let template = set.tolerantTemplate
        places = [:]
        places.reserveCapacity(nodes.count)
        for node in nodes { places[node.metadata.name ?? ""] = Place(fit: DaemonFit(template, on: node), pods: []) }
        for pod in pods {
            // What has ended and waits for a finalizer is nobody's business here.
            if pod.metadata.deletionTimestamp != nil, pod.hasEnded { continue }
            guard let name = pod.targetNodeName else { continue }
            if places[name] != nil { places[name]?.pods.append(pod) } else { strays[name, default: []].append(pod) }
        }
    }

    var desired: Int { places.values.count { $0.fit.shouldRun } }
    private var minReadySeconds: Int32 { self.set.spec.minReadySeconds ?? 0 }

    func isUpdated(_ pod: Pod) -> Bool {
        if !hash.isEmpty, pod.metadata.labels[ControllerRevision.hashLabel] == hash { return true }
        guard let generation = set.templateGeneration else { return false }
        // Pods from the time before revisions bear the number alone.
        return pod.metadata.labels[ControllerRevision.hashLabel] == nil
            && pod.metadata.labels[DaemonSet.templateGenerationLabel] == "\(generation)"
    }

    private func isAvailable(_ pod: Pod) -> Bool { pod.isAvailable(minReadySeconds: minReadySeconds, now: now) }

    /// How many pods may exist beside old ones, and how many nodes may be without, of the nodes that are to have one.
    private(set) lazy var limits: (surge: Int, unavailable: Int) = {
        let rolling = set.spec.updateStrategy?.rollingUpdate
        func scaled(_ value: IntOrString?) -> Int {
            guard let value, let scaled = try? value.scaledValue(total: Int64(desired), roundUp: true) else { return 0 }
            return Int(clamping: max(0, scaled))
        }
        guard set.spec.updateStrategy?.type == "RollingUpdate" else { return (0, 0) }
        let surge = scaled(rolling?.maxSurge)
        var unavailable = scaled(rolling?.maxUnavailable ?? 1)
        // With neither, nothing could ever move.
        if desired > 0, surge == 0, unavailable == 0 { unavailable = 1 }
        return (surge, unavailable)
    }()

    private var allowsSurge: Bool {
        switch set.spec.updateStrategy?.rollingUpdate?.maxSurge {
        case .int(let number)?: number > 0
        case .string(let text)?: text != "0%"
        case nil: false
        }
    }

    // MARK: One pod on each node

    /// Makes pods where they are missing and removes those that are too many or in the wrong place.
    ///
    /// - Parameter mayReplaceFailed: whether a failed pod of a node is to be replaced now rather than later.
    mutating func manage(mayReplaceFailed: (_ node: String) -> Bool) {
        for (name, place) in places.sorted(by: { $0.key < $1.key }) { manage(name, place, mayReplaceFailed) }
        for (_, pods) in strays.sorted(by: { $0.key < $1.key }) {
            // No node, no scheduling, and no garbage collection: these would wait forever.
            deletions += pods.filter { $0.spec.nodeName?.isEmpty != false && $0.metadata.deletionTimestamp == nil }
        }
    }

    private mutating func manage(_ name: String, _ place: Place, _ mayReplaceFailed: (String) -> Bool) {
        if place.fit.shouldRun, place.pods.isEmpty { return creations.append(name) }
        guard place.fit.mayContinue else {
            deletions += place.pods.filter { $0.metadata.deletionTimestamp == nil }
            return
        }
        var running: [Pod] = []
        for pod in place.pods where pod.metadata.deletionTimestamp == nil {
            switch pod.status.phase {
            case "Failed":
                guard mayReplaceFailed(name) else { continue }
                findings.append(.failed(pod: "\(pod.metadata.namespace ?? "")/\(pod.metadata.name ?? "")", node: name))
                deletions.append(pod)
            case "Succeeded":
                findings.append(.succeeded(pod: "\(pod.metadata.namespace ?? "")/\(pod.metadata.name ?? "")", node: name))
                deletions.append(pod)
            default:
                running.append(pod)
            }
        }
        running.sort(by: Self.isFirst)
        guard allowsSurge else {
            deletions += running.dropFirst()
            return
        }
        if running.count <= 1 {
            // Pods on their way out do not hold up the new one.
            if running.isEmpty, place.fit.shouldRun { creations.append(name) }
            return
        }
        keepOneOfEach(running)
    }

    /// Surging: the oldest new pod and the oldest old pod may stand side by side until the new one is available.
    private mutating func keepOneOfEach(_ running: [Pod]) {
        var new: Pod?
        var old: Pod?
        for pod in running {
            if pod.metadata.labels[ControllerRevision.hashLabel] == hash {
                if new == nil { new = pod } else { deletions.append(pod) }
            } else {
                if old == nil { old = pod } else { deletions.append(pod) }
            }
        }
        if let new, let old, !old.isReady || isAvailable(new) { deletions.append(old) }
    }

    /// The oldest first; of the same age those that are assigned to a node.
    static func isFirst(_ a: Pod, _ b: Pod) -> Bool {
        let assigned = (a.spec.nodeName?.isEmpty == false, b.spec.nodeName?.isEmpty == false)
        if assigned.0 != assigned.1 { return assigned.0 }
        let created = (a.metadata.creationTimestamp?.seconds ?? 0, b.metadata.creationTimestamp?.seconds ?? 0)
        return created.0 == created.1 ? (a.metadata.name ?? "") < (b.metadata.name ?? "") : created.0 < created.1
    }

    // MARK: A rolling update

    /// One step of a rolling update: which old pods go, and which nodes get a new pod beside the old one.
    mutating func roll() {
        if limits.surge == 0 { rollByRemoving() } else { rollBySurging() }
    }

    private enum NodeState {
        case crowded
        case pods(new: Pod?, old: Pod?)
    }

    private func state(_ pods: [Pod]) -> NodeState {
        var new: Pod?
        var old: Pod?
        for pod in pods where pod.metadata.deletionTimestamp == nil {
            if isUpdated(pod) {
                if new != nil { return .crowded }
                new = pod
            } else {
                if old != nil { return .crowded }
                old = pod
            }
        }
        return .pods(new: new, old: old)
    }

    /// The nodes that count in an update: those with pods, and those that are to have one.
    private var concerned: [(key: String, value: Place)] {
        places.filter { $0.value.fit.shouldRun || !$0.value.pods.isEmpty }.sorted { $0.key < $1.key }
    }

    private mutating func rollByRemoving() {
        var unavailable = 0
        var candidates: [Pod] = []
        for (_, place) in concerned {
            switch state(place.pods) {
            case .crowded, .pods(new: nil, old: nil), .pods(new: .some, old: .some):
                unavailable += 1
            case .pods(new: let new?, old: nil):
                if !isAvailable(new) { unavailable += 1 }
            case .pods(new: nil, old: let old?):
                if isAvailable(old) {
                    candidates.append(old)
                } else {
                    // It serves nobody: nothing is lost by replacing it.
                    deletions.append(old)
                    unavailable += 1
                }
            }
        }
        deletions += candidates.prefix(max(0, limits.unavailable - unavailable))
    }

    private mutating func rollBySurging() {
        var surging = 0
        var available = 0
        var candidates: [String] = []
        var leaving: [Pod] = []
        for (name, place) in concerned {
            guard case .pods(let new, let old) = state(place.pods) else {
                surging += 1
                continue
            }
            if let first = old ?? new, isAvailable(first) { available += 1 }
            guard let old else { continue }
            if let new {
                if isAvailable(new) { deletions.append(old) } else { surging += 1 }
            } else if !isAvailable(old) {
                if place.fit.shouldRun { creations.append(name) } else { deletions.append(old) }
            } else if place.fit.shouldRun {
                candidates.append(name)
            } else {
                leaving.append(old)
            }
        }
        // Pods on nodes that the set is leaving go only as others become available elsewhere.
        deletions += leaving.prefix(max(0, available - desired))
        creations += candidates.prefix(max(0, limits.surge - surging))
    }

    // MARK: Status

    /// The status that these pods give.
    func status(observed: Bool) -> DaemonSetStatus {
        var status = set.status
        var (scheduled, misscheduled, ready, updated, available) = (0, 0, 0, 0, 0)
        for place in places.values {
            guard place.fit.shouldRun else {
                if !place.pods.isEmpty { misscheduled += 1 }
                continue
            }
            guard let pod = place.pods.min(by: Self.isFirst) else { continue }
            scheduled += 1
            if pod.isReady { ready += 1 }
            if isAvailable(pod) { available += 1 }
            if isUpdated(pod) { updated += 1 }
        }
        let desired = desired
        func optional(_ count: Int) -> Int32? { count == 0 ? nil : Int32(clamping: count) }
        status.desiredNumberScheduled = Int32(clamping: desired)
        status.currentNumberScheduled = Int32(clamping: scheduled)
        status.numberMisscheduled = Int32(clamping: misscheduled)
        status.numberReady = Int32(clamping: ready)
        status.updatedNumberScheduled = optional(updated)
        status.numberAvailable = optional(available)
        status.numberUnavailable = optional(desired - available)
        if observed { status.observedGeneration = set.metadata.generation }
        return status
    }
}
