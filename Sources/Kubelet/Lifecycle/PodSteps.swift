import CoreV1

/// What a pod's worker is told by the world outside its state machine.
enum PodInput: Sendable {
    case updated(Pod)
    /// The pod is no longer in the API.
    case removed
    /// The node agent will not run the pod, or gives it up.
    case failed(PodFailure)
    case observed(ObservedPod)
    case verdicts([String: ProbeVerdict])
    /// A ConfigMap or Secret that a volume is made of.
    case volumeSourcesChanged
    case refreshed
    case prepared(StepResult)
    case sandboxMade(StepResult)
    case started(name: String, StartFailure?)
    case killed(name: String, restart: Bool)
    case stopped(StepResult)
    case published(Pod?, StepResult)
    case tornDown(StepResult)
    case deleted(StepResult)
    case cleanedUp(StepResult)
}

enum StepResult: Sendable, Equatable {
    case done
    /// With what is told to people.
    case failed(String)
    /// Given up because something more urgent came.
    case cancelled
}

struct PodFailure: Sendable, Equatable {
    var reason: String
    var message: String
}

/// What a pod's state machine wants done. The worker does it and reports back with the matching `PodInput`.
enum PodStep: Sendable, Equatable {
    /// Folders, cgroup, volumes.
    case prepare
    /// Bring volumes made from API data up to date.
    case refreshVolumes
    case makeSandbox(attempt: UInt32)
    case start([PodPlan.Start])
    case kill(PodPlan.Kill)
    /// Give up what is being prepared or started.
    case cancelStarts
    /// Stop all containers and the sandboxes, giving them this many seconds.
    case stop(graceSeconds: Int64)
    /// Remove dead containers that nobody needs any more.
    case removeContainers([String])
    case removeSandboxes([String])
    case publish
    /// Unmount volumes, remove the cgroup.
    case tearDown
    /// Remove the object from the API, as its node has nothing of it any more.
    case deleteFromAPI
    /// Remove containers, sandboxes, folders and logs.
    case cleanUp
    case backOffEvent(container: String, delay: Duration)
    case deadlineEvent(PodFailure)
    /// Nothing is left: the worker ends.
    case finish
}
