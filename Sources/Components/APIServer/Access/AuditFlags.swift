import APIServer
import Flags
import KubernetesClient
import Logging

/// What is recorded of requests, and where.
enum AuditFlags {
    /// Nil: nothing is recorded.
    static func options(_ flags: FlagValues, logger: Logger) throws -> AuditOptions? {
        let now: @Sendable () -> Int64 = { TimeSource.system.wallMicroseconds() }
        var sinks: [any AuditSink] = []
        let limits = try logLimits(flags)
        let webhook = try webhook(flags, logger: logger)
        let cuts = try ["log", "webhook"].map { try truncation(flags, $0) }
        func cut(_ sink: any AuditSink, _ bytesMax: Int?) -> any AuditSink {
            bytesMax.map { AuditTruncation(sink, bytesMax: $0, logger: logger) } ?? sink
        }
        guard let path = flags.text("audit-policy-file") else {
            if flags.text("audit-log-path") != nil || webhook != nil {
                logger.warning("nothing is recorded of requests: --audit-policy-file is not given")
            }
            return nil
        }
        let policy = try AuditPolicy(yaml: try ServingFiles.read(path), path: path)
        switch flags.text("audit-log-path") {
        case nil: break
        case "-"?: sinks.append(cut(AuditOutput(), cuts[0]))
        case let path?: sinks.append(cut(try AuditLogFile(path: path, limits: limits, now: now, logger: logger), cuts[0]))
        }
        if let webhook { sinks.append(cut(webhook, cuts[1])) }
        if sinks.isEmpty {
            logger.warning("nothing is recorded of requests: neither --audit-log-path nor --audit-webhook-config-file is given")
            return nil
        }
        return AuditOptions(auditor: Auditor(policy: policy, sinks: sinks, now: now), services: webhook.map { [$0] } ?? [])
    }

    private static func logLimits(_ flags: FlagValues) throws(FlagProblem) -> AuditLogFile.Limits {
        for name in ["audit-log-maxsize", "audit-log-maxbackup", "audit-log-maxage"] where !(0...1_000_000).contains(flags.int(name)) {
            throw FlagProblem("--\(name) \(flags.int(name)) must be a number from 0 to 1000000")
        }
        let mode = flags.string("audit-log-mode")
        guard ["blocking", "batch"].contains(mode) else { throw FlagProblem("--audit-log-mode \(mode) must be blocking or batch") }
        let megabytes = flags.int("audit-log-maxsize")
        return AuditLogFile.Limits(
            bytesMax: (megabytes == 0 ? 100 : megabytes) << 20, backupsMax: Int(flags.int("audit-log-maxbackup")),
            secondsMax: flags.int("audit-log-maxage") * 86_400)
    }

    /// The bytes that an event may have; nil: as many as it has.
    private static func truncation(_ flags: FlagValues, _ place: String) throws(FlagProblem) -> Int? {
        guard flags.bool("audit-\(place)-truncate-enabled") else { return nil }
        let name = "audit-\(place)-truncate-max-event-size"
        guard flags.int(name) > 0 else { throw FlagProblem("--\(name) \(flags.int(name)) must be at least 1") }
        return Int(clamping: flags.int(name))
    }

    private static func webhook(_ flags: FlagValues, logger: Logger) throws -> AuditWebhook? {
        guard let path = flags.text("audit-webhook-config-file") else { return nil }
        var limits = AuditWebhook.Limits()
        for name in ["audit-webhook-batch-buffer-size", "audit-webhook-batch-max-size"] where flags.int(name) < 1 {
            throw FlagProblem("--\(name) \(flags.int(name)) must be at least 1")
        }
        limits.bufferMax = Int(clamping: flags.int("audit-webhook-batch-buffer-size"))
        limits.batchMax = Int(clamping: flags.int("audit-webhook-batch-max-size"))
        if limits.batchMax > limits.bufferMax {
            throw FlagProblem("--audit-webhook-batch-max-size must not be greater than --audit-webhook-batch-buffer-size")
        }
        if let bytes = try truncation(flags, "webhook") {
            limits.batchBytesMax = Int(clamping: flags.int("audit-webhook-truncate-max-batch-size"))
            if limits.batchBytesMax < bytes {
                throw FlagProblem("--audit-webhook-truncate-max-batch-size must not be less than --audit-webhook-truncate-max-event-size")
            }
        }
        limits.wait = flags.duration("audit-webhook-batch-max-wait")
        limits.initialBackoff = flags.duration("audit-webhook-initial-backoff")
        if limits.wait <= .zero || limits.initialBackoff < .zero {
            throw FlagProblem("--audit-webhook-batch-max-wait and --audit-webhook-initial-backoff must be positive")
        }
        return AuditWebhook(transport: try OutsideServer.transport(kubeconfig: path, logger: logger), path: "", limits: limits, logger: logger)
    }
}
