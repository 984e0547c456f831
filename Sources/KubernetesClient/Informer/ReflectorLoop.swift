package import KubernetesAPI
package import Logging

/// Carries out a reflector's decisions against a server until the task is cancelled; never returns otherwise.
///
/// - Parameter apply: called with each change, in order, one at a time; must not block.
package func reflect<T: KubernetesResource>(
    _ type: T.Type, client: Client, namespace: String?, options: ReflectorOptions, time: TimeSource, logger: Logger,
    apply: (Reflector<T>.Change) -> Void
) async throws {
    var reflector = Reflector<T>(options)
    var step = reflector.receive(.started)
    while true {
        try Task.checkCancellation()
        do {
            switch step.next {
            case .list(let options):
                step = reflector.receive(.listed(try await client.list(type, namespace: namespace, options)))
                if let change = step.change { apply(change) }
            case .watch(let options):
                let opened = time.uptime()
                let batches = try await client.openWatch(type, namespace: namespace, options)
                step = reflector.receive(.opened)
                for try await batch in batches {
                    step = reflector.receive(.received(batch))
                    if let change = step.change { apply(change) }
                }
                try Task.checkCancellation()
                step = reflector.receive(.ended(after: time.uptime() - opened))
            case .wait(let duration):
                try await time.sleep(duration)
                step = reflector.receive(.waited)
            case .read:
                step = reflector.receive(.started)
            }
        } catch {
            if Task.isCancelled { throw CancellationError() }
            log(error, of: type, logger)
            step = reflector.receive(.failed(error))
        }
    }
}

private func log<T: KubernetesResource>(_ error: any Error, of type: T.Type, _ logger: Logger) {
    let metadata: Logger.Metadata = ["resource": "\(T.resource.groupResource)", "error": "\(error)"]
    if let refusal = error as? APIStatusError, refusal.isExpired {
        logger.debug("watch has lost its place; listing again", metadata: metadata)
    } else {
        logger.warning("cannot follow a resource; trying again", metadata: metadata)
    }
}
