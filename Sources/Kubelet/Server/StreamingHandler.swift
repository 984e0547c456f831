import ContainerRuntime
import NIOHTTP1

/// Serves exec, attach and port forwarding: gets a session from the runtime and joins the client with it.
struct StreamingHandler: Sendable {
    var services: NodeServices
    var registry: PodRegistry

    func handle(_ request: KubeletRequest, _ parts: [String], _ response: ServerResponse) async throws {
        guard request.wantsUpgrade else { throw KubeletHTTPError.badRequest("this request must ask for an upgrade of the connection") }
        let url: String
        do {
            url = try await session(request, parts)
        } catch let error as ContainerRuntimeError {
            throw KubeletHTTPError(status: .internalServerError, message: error.message)
        }
        try await StreamRelay(url: url, request: request).run(response.channel)
    }

    private func session(_ request: KubeletRequest, _ parts: [String]) async throws -> String {
        switch parts[0] {
        case "exec":
            var wanted = CRIExecRequest()
            wanted.containerID = try container(parts)
            wanted.cmd = request.values("command")
            (wanted.stdin, wanted.stdout, wanted.stderr, wanted.tty) = streams(request)
            guard !wanted.cmd.isEmpty else { throw KubeletHTTPError.badRequest("you must specify at least one command for the container") }
            return try await services.runtime.exec(wanted)
        case "attach":
            var wanted = CRIAttachRequest()
            wanted.containerID = try container(parts)
            (wanted.stdin, wanted.stdout, wanted.stderr, wanted.tty) = streams(request)
            return try await services.runtime.attach(wanted)
        default:
            guard (3...4).contains(parts.count),
                let entry = registry.entry(namespace: parts[1], name: parts[2], uid: parts.count == 4 ? parts[3] : nil)
            else { throw KubeletHTTPError.notFound("pod does not exist") }
            guard let sandbox = entry.observed.readySandbox else {
                throw KubeletHTTPError.badRequest("pod \"\(parts[2])\" has no running sandbox to forward to")
            }
            var wanted = CRIPortForwardRequest()
            wanted.podSandboxID = sandbox.id
            wanted.port = request.values("port").flatMap { $0.split(separator: ",") }.compactMap { Int32($0) }
            return try await services.runtime.portForward(wanted)
        }
    }

    /// `/<what>/<namespace>/<pod>[/<uid>]/<container>`
    private func container(_ parts: [String]) throws -> String {
        guard parts.count == 4 || parts.count == 5 else {
            throw KubeletHTTPError.badRequest("the path must be /\(parts[0])/<namespace>/<pod>/<container>")
        }
        let name = parts[parts.count - 1]
        guard let entry = registry.entry(namespace: parts[1], name: parts[2], uid: parts.count == 5 ? parts[3] : nil) else {
            throw KubeletHTTPError.notFound("pod does not exist")
        }
        guard let newest = entry.observed.newest(name), newest.state == .running else {
            throw KubeletHTTPError.notFound("container not found (\"\(name)\")")
        }
        return newest.id
    }

    /// The kubelet's own names for the streams, and those of the API.
    private func streams(_ request: KubeletRequest) -> (Bool, Bool, Bool, Bool) {
        let tty = request.flag("tty")
        // With a terminal there is one output only.
        return (request.flag("input", "stdin"), request.flag("output", "stdout"), request.flag("error", "stderr") && !tty, tty)
    }
}
