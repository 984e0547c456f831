import Glibc
import NIOCore
import NIOPosix

/// What all works share: the server under load, connections to it, and a way to measure the ceiling.
struct Bench: Sendable {
    /// Everything that the loads make is in this namespace.
    static let namespace = "bench"
    /// Connections that the clients of a load share over HTTP/2.
    static let connections = 16

    let server: Server
    let process: MeasuredProcess
    let lines: [Line]
    private let group: any EventLoopGroup
    private let ceilingGroup: any EventLoopGroup

    init(server: Server, process: MeasuredProcess) async throws {
        self.server = server
        self.process = process
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        self.group = group
        ceilingGroup = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        lines = try await server.connect(Self.connections, .http2, on: group)
    }

    func close() async throws {
        for line in lines { line.close() }
        try await ceilingGroup.shutdownGracefully()
        try await group.shutdownGracefully()
    }

    /// Makes the namespace that all loads are in, unless it is there.
    func makeNamespace() async throws {
        let make = Load(work: "create the namespace", clients: 1, requests: 0..<1, accepted: [409]) { _ in
            .post("/api/v1/namespaces", #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"\#(Self.namespace)"}}"#)
        }
        try await make.run(on: lines)
    }

    func connect(_ count: Int, _ protocol: WireProtocol = .http2) async throws -> [Line] {
        try await server.connect(count, `protocol`, on: group)
    }

    /// Runs a load on the server.
    @discardableResult
    func run(_ load: Load, on lines: [Line]? = nil) async throws -> Load.Measured {
        let before = try process.processorTime()
        let measured = try await load.run(on: lines ?? self.lines)
        let used = try process.processorTime() - before
        let each = measured.count > 0 ? used / Double(measured.count) * 1e6 : 0
        Self.say(
            "\(load.work): \(Figures.grouped(measured.count)) in \(Figures.seconds(measured.seconds)), "
                + "\(Figures.percentiles(measured.latencies, 50, 99)), server's processor time \(Figures.number(each)) us each")
        return measured
    }

    /// Runs a load on a server that does nothing but give answers of so many bytes.
    func ceiling(of load: Load, answerBytes: Int, _ protocol: WireProtocol = .http2, connections: Int = Bench.connections) async throws
        -> Load.Measured
    {
        let empty = try await EmptyServer.start(`protocol`, answerBytes: answerBytes, on: ceilingGroup)
        let lines = try await Server(empty).connect(connections, `protocol`, on: group)
        let measured = try await load.run(on: lines)
        for line in lines { line.close() }
        try await empty.stop()
        Self.say("  ceiling: \(Figures.perSecond(measured.perSecond)), \(Figures.percentiles(measured.latencies, 50, 99))")
        return measured
    }

    /// Runs a load and its ceiling in turns, so that what else the machine does disturbs both alike.
    func compare(
        _ load: Load, rounds: Int = 7, _ protocol: WireProtocol = .http2, on lines: [Line]? = nil
    ) async throws -> (ours: Load.Measured, ceiling: Load.Measured) {
        var ours = Load.Measured()
        var ceiling = Load.Measured()
        let each = load.requests.count / rounds
        for round in 0..<rounds {
            var part = load
            part.requests = (load.requests.lowerBound + round * each)..<(load.requests.lowerBound + (round + 1) * each)
            part.seconds = load.seconds / Double(rounds)
            ours.add(round: try await run(part, on: lines))
            ceiling.add(
                round: try await self.ceiling(of: part, answerBytes: ours.bytesEach, `protocol`, connections: (lines ?? self.lines).count))
        }
        return (ours, ceiling)
    }

    /// Progress, beside the table that goes to standard output.
    static func say(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
