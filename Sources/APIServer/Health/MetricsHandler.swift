import NIOHTTP1

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Answers `/metrics`: what this process uses and what it has answered.
package struct MetricsHandler: Sendable {
    private let requests: RequestMetrics
    private let flowControl: FlowControl?
    private let startTime: Int64
    private let further: [@Sendable () -> String]

    /// - Parameters:
    ///   - startTime: seconds since 1970.
    ///   - further: what else there is to tell, each in whole lines.
    package init(
        requests: RequestMetrics, flowControl: FlowControl? = nil, startTime: Int64 = systemSeconds(), further: [@Sendable () -> String] = []
    ) {
        self.requests = requests
        self.flowControl = flowControl
        self.startTime = startTime
        self.further = further
    }

    package func handle(_ request: APIRequest, _ responder: any Responder) {
        responder.respond(
            status: 200, headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"],
            body: Array((process + requests.text + (flowControl?.text ?? "") + further.map { $0() }.joined()).utf8))
    }

    private var process: String {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
        let kubernetes = "v" + VersionInfo.kubernetes
        return """
            # HELP kubernetes_build_info The version that this server answers for.
            # TYPE kubernetes_build_info gauge
            kubernetes_build_info{git_version="\(kubernetes)+apus.\(VersionInfo.apus)",major="1",minor="36"} 1
            # HELP process_cpu_seconds_total Processor time used, user and system.
            # TYPE process_cpu_seconds_total counter
            process_cpu_seconds_total \(seconds(usage.ru_utime) + seconds(usage.ru_stime))
            # HELP process_resident_memory_bytes Memory in use.
            # TYPE process_resident_memory_bytes gauge
            process_resident_memory_bytes \(residentBytes)
            # HELP process_start_time_seconds When the process began, in seconds since 1970.
            # TYPE process_start_time_seconds gauge
            process_start_time_seconds \(startTime)

            """
    }

    private var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
