import ContainerRuntime
import Synchronization

/// What the runtime says of itself and of its network, as last asked.
final class RuntimeHealth: Sendable {
    struct Report: Sendable, Equatable {
        /// nil: well.
        var runtimeProblem: String?
        var networkProblem: String?
    }

    private let report = Mutex(Report(runtimeProblem: "container runtime status check may not have completed yet", networkProblem: nil))

    var current: Report { report.withLock { $0 } }

    func check(_ runtime: any RuntimeService) async -> Report {
        var fresh: Report
        do {
            fresh = RuntimeHealth.read(try await runtime.status(verbose: false).status)
            if let problem = fresh.networkProblem, let info = try? await runtime.status(verbose: true).info {
                fresh.networkProblem = "\(problem); \(NetworkConfigurationReport.words(info: info))"
            }
        } catch let error as ContainerRuntimeError {
            fresh = Report(runtimeProblem: "container runtime is down: \(error.message)", networkProblem: nil)
        } catch {
            fresh = Report(runtimeProblem: "container runtime is down: \(error)", networkProblem: nil)
        }
        let checked = fresh
        report.withLock { $0 = checked }
        return checked
    }

    static func read(_ status: CRIRuntimeStatus) -> Report {
        Report(
            runtimeProblem: problem(status, "RuntimeReady", "container runtime not ready"),
            networkProblem: problem(status, "NetworkReady", "container runtime network not ready"))
    }

    private static func problem(_ status: CRIRuntimeStatus, _ type: String, _ words: String) -> String? {
        guard let condition = status.conditions.first(where: { $0.type == type }) else { return "\(words): condition not found" }
        if condition.status { return nil }
        return "\(words): \(type)=false reason:\(condition.reason) message:\(condition.message)"
    }
}
