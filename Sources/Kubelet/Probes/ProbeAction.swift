import ContainerRuntime
import CoreV1
import NIOCore
import NIOPosix

/// What one run of a probe found.
enum ProbeFinding: Sendable, Equatable {
    case success
    /// The container answers, but not well.
    case failure(String)
    /// The probe itself could not be run; nothing is known of the container.
    case unknown(String)
}

/// Runs a probe once.
struct ProbeAction: Sendable {
    var runtime: any RuntimeService
    var http: HTTPChecker

    func run(_ probe: Probe, _ container: Container, containerID: String, podIP: String) async throws -> ProbeFinding {
        let timeout = Duration.seconds(Int64(max(1, probe.timeoutSeconds ?? 1)))
        if let action = probe.exec { return try await exec(action.command, containerID, timeout) }
        if let action = probe.httpGet { return try await get(action, container, podIP, timeout) }
        if let action = probe.tcpSocket { return try await connect(action, container, podIP, timeout) }
        if let action = probe.grpc {
            return try await GRPCHealth.check(host: podIP, port: Int(action.port), service: action.service ?? "", timeout: timeout)
        }
        return .unknown("missing probe handler")
    }

    private func exec(_ command: [String], _ containerID: String, _ timeout: Duration) async throws -> ProbeFinding {
        do {
            let answer = try await runtime.execSync(containerID, command: command, timeout: timeout.components.seconds)
            if answer.exitCode == 0 { return .success }
            let output = String(decoding: (answer.stdout + answer.stderr).prefix(HTTPChecker.bodyBytesMax), as: UTF8.self)
            return .failure(output)
        } catch let error as ContainerRuntimeError where error.isDeadlineExceeded {
            return .failure("command timed out: \(Texts.quoted(command.joined(separator: " "))) timed out after \(Texts.duration(timeout))")
        } catch let error as ContainerRuntimeError {
            return .unknown(ImageManager.words(error))
        }
    }

    private func get(_ action: HTTPGetAction, _ container: Container, _ podIP: String, _ timeout: Duration) async throws -> ProbeFinding {
        let url: String
        do {
            url = try HandlerTarget.url(action, container, podIP: podIP)
        } catch {
            return .unknown("\(error)")
        }
        do {
            let answer = try await http.get(url, headers: action.httpHeaders, timeout: timeout)
            if (200..<400).contains(answer.status) { return .success }
            return .failure("HTTP probe failed with statuscode: \(answer.status)")
        } catch let error as KubeletError {
            return .failure(error.description)
        }
    }

    private func connect(_ action: TCPSocketAction, _ container: Container, _ podIP: String, _ timeout: Duration) async throws -> ProbeFinding {
        let host = action.host.flatMap { $0.isEmpty ? nil : $0 } ?? podIP
        let port: Int
        do {
            port = try HandlerTarget.port(action.port, container)
        } catch {
            return .unknown("\(error)")
        }
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.nanoseconds(timeout.wholeNanoseconds))
                .connect(host: host, port: port).get()
            try? await channel.close()
            return .success
        } catch {
            return .failure(ConnectionWords.of(error, authority: HandlerTarget.authority(host, port)))
        }
    }
}
