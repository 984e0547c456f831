import ContainerRuntime
import CoreV1
import KubernetesClient
import Logging
import Synchronization

/// Sees to it that an image is on the node before a container of it is made.
///
/// Pulls of one image happen one after the other, so that ten pods that need it fetch it once; different images are pulled side by side.
final class ImageManager: Sendable {
    private let images: any ImageService
    private let events: any EventSink
    private let time: TimeSource
    private let gate = KeyedGate()
    private let backoff = Mutex(Backoff())
    /// What the last failed pull said, by back-off key.
    private let lastErrors = Mutex<[String: (reason: String, message: String)]>([:])

    /// How long "ErrImagePull" is shown before the wait begins to be called "ImagePullBackOff".
    private static let showErrorFor: Duration = .seconds(2)

    init(images: any ImageService, events: any EventSink, time: TimeSource) {
        self.images = images
        self.events = events
        self.time = time
    }

    struct Found: Sendable {
        /// What the runtime calls the image.
        var reference: String
        var user: ImageUser
    }

    enum Outcome: Sendable {
        case ready(Found)
        case failed(StartFailure)
    }

    /// - Throws: only `CancellationError`.
    func ensure(_ pod: Pod, _ container: Container, credentials: PullCredentials, sandbox: CRIPodSandboxConfig) async throws -> Outcome {
        let wanted = container.image ?? ""
        let image: String
        do {
            image = try ImageReference.withDefaultTag(wanted)
        } catch {
            let message = "Failed to apply default image tag \(Texts.quoted(wanted)): couldn't parse image name \(Texts.quoted(wanted)): \(error)"
            events.warning(pod, container.name, "InspectFailed", message)
            return fail(pod, container, "InvalidImageName", message, retryAfter: .seconds(60))
        }
        let policy = container.imagePullPolicy ?? (image.hasSuffix(":latest") ? "Always" : "IfNotPresent")
        if policy != "Always", let found = try await present(image) {
            events.normal(pod, container.name, "Pulled", "Container image \(Texts.quoted(wanted)) already present on machine")
            return .ready(found)
        }
        if policy == "Never" {
            let message = "Container image \(Texts.quoted(wanted)) is not present with pull policy of Never"
            events.warning(pod, container.name, "ErrImageNeverPull", message)
            return fail(pod, container, "ErrImageNeverPull", message, retryAfter: .seconds(10))
        }
        if let waiting = inBackoff(pod, container) { return waiting }
        let started = time.uptime()
        return try await gate.with(image) {
            // Somebody else may have fetched it while we waited.
            if policy != "Always", let found = try await present(image) {
                events.normal(pod, container.name, "Pulled", "Container image \(Texts.quoted(wanted)) already present on machine")
                return .ready(found)
            }
            return try await pull(pod, container, image, credentials, sandbox, started: started)
        }
    }

    private func pull(
        _ pod: Pod, _ container: Container, _ image: String, _ credentials: PullCredentials, _ sandbox: CRIPodSandboxConfig, started: Duration
    ) async throws -> Outcome {
        let shown = Texts.quoted(container.image ?? "")
        events.normal(pod, container.name, "Pulling", "Pulling image \(shown)")
        let pullStarted = time.uptime()
        do {
            let reference = try await fetch(image, credentials, sandbox)
            let now = time.uptime()
            var details = try await status(image)
            if details == nil { details = try await status(reference) }
            let size = details.map { " Image size: \($0.size) bytes." } ?? ""
            let took = Texts.duration(.milliseconds((now - pullStarted).wholeNanoseconds / 1_000_000))
            let waited = Texts.duration(.milliseconds((now - started).wholeNanoseconds / 1_000_000))
            events.normal(
                pod, container.name, "Pulled", "Successfully pulled image \(shown) in \(took) (\(waited) including waiting).\(size)")
            let key = key(pod, container)
            backoff.withLock { $0.reset(key) }
            lastErrors.withLock { $0[key] = nil }
            return .ready(Found(reference: details?.id ?? reference, user: ImageManager.user(details)))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let message = ImageManager.words(error)
            events.warning(pod, container.name, "Failed", "Failed to pull image \(shown): \(message)")
            let key = key(pod, container)
            let now = time.now
            backoff.withLock { $0.attempt(key, after: now, now: now) }
            lastErrors.withLock { $0[key] = ("ErrImagePull", message) }
            return fail(pod, container, "ErrImagePull", message, retryAfter: ImageManager.showErrorFor)
        }
    }

    /// Tries each matching credential; without any, anonymously.
    private func fetch(_ image: String, _ credentials: PullCredentials, _ sandbox: CRIPodSandboxConfig) async throws -> String {
        var spec = CRIImageSpec()
        spec.image = image
        var candidates: [CRIAuthConfig?] = credentials.matching(image)
        if candidates.isEmpty { candidates = [nil] }
        var lastError: any Error = KubeletError("no credential to try")
        for auth in candidates {
            do {
                return try await images.pullImage(spec, auth: auth, sandboxConfig: sandbox)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                lastError = error
            }
        }
        throw lastError
    }

    private func inBackoff(_ pod: Pod, _ container: Container) -> Outcome? {
        let key = key(pod, container)
        let now = time.now
        guard let until = backoff.withLock({ backoff in backoff.failedUntil(key, now: now) }) else { return nil }
        let text = "Back-off pulling image \(Texts.quoted(container.image ?? ""))"
        events.normal(pod, container.name, "BackOff", text)
        let last = lastErrors.withLock { $0[key] }
        let message = last.map { "\(text): \($0.reason): \($0.message)" } ?? text
        events.warning(pod, container.name, "Failed", "Error: ImagePullBackOff")
        return .failed(StartFailure(reason: "ImagePullBackOff", message: message, retryAt: until))
    }

    private func fail(_ pod: Pod, _ container: Container, _ reason: String, _ message: String, retryAfter: Duration) -> Outcome {
        events.warning(pod, container.name, "Failed", "Error: \(reason)")
        return .failed(StartFailure(reason: reason, message: message, retryAt: time.now + retryAfter))
    }

    private func key(_ pod: Pod, _ container: Container) -> String {
        "\(pod.uid)_\(container.image ?? "")"
    }

    // MARK: What the runtime has

    private func present(_ image: String) async throws -> Found? {
        guard let found = try await status(image) else { return nil }
        return Found(reference: found.id, user: ImageManager.user(found))
    }

    private func status(_ image: String) async throws -> CRIImage? {
        var spec = CRIImageSpec()
        spec.image = image
        do {
            return try await images.imageStatus(spec)
        } catch let error as ContainerRuntimeError where !error.isNotFound {
            return nil
        }
    }

    private static func user(_ image: CRIImage?) -> ImageUser {
        guard let image else { return ImageUser() }
        return ImageUser(uid: image.hasUid ? image.uid.value : nil, username: image.username)
    }

    /// The runtime's words as Go programs print them, since people search for them.
    static func words(_ error: any Error) -> String {
        guard let error = error as? ContainerRuntimeError else { return "\(error)" }
        var code = "\(error.code)".filter { $0.isLetter || $0 == " " || $0 == "_" }
        code = code.split(whereSeparator: { $0 == " " || $0 == "_" }).map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        return "rpc error: code = \(code) desc = \(error.message)"
    }
}

extension Backoff {
    /// For things that failed when they were last attempted: the end of the wait since then.
    func failedUntil(_ key: String, now: Timestamp) -> Timestamp? {
        guard let attempted = lastAttempt(key) else { return nil }
        return waitsUntil(key, after: attempted, now: now)
    }
}
