package import APIServer
import Flags
package import Logging
import ServiceLifecycle

/// HTTP without TLS, for health and metrics on the machine itself.
package struct PlainServer: ServiceLifecycle.Service {
    private let server: HTTPServer

    package init(host: String, port: Int, handler: any RequestHandler, logger: Logger) throws {
        server = try HTTPServer(
            configuration: .init(address: host, port: port, tls: nil, eventLoops: 1), handler: handler, judge: { _ in .absent }, logger: logger)
    }

    package func run() async throws {
        try await server.start()
        try await server.run()
    }
}

/// `address:port`.
struct Endpoint: Sendable, Equatable {
    var host: String
    var port: Int

    /// Nil when the flag is empty or the port is 0.
    ///
    /// - Throws: `FlagProblem` naming the flag.
    init?(_ flags: FlagValues, _ name: String) throws(FlagProblem) {
        guard let text = flags.text(name) else { return nil }
        let fallback = flags.table.entry(flag: name)?.defaultText?.split(separator: ":").last.flatMap { Int($0) } ?? 0
        guard let parsed = Endpoint(text, defaultPort: fallback) else {
            throw FlagProblem("--\(name) \(text) must be an address and a port, such as 127.0.0.1:10249")
        }
        if parsed.port == 0 { return nil }
        self = parsed
    }

    init?(_ text: String, defaultPort: Int) {
        if IPLiteral.isValid(text) {
            host = text
            port = defaultPort
            return
        }
        guard let colon = text.lastIndex(of: ":"), let number = Int(text[text.index(after: colon)...]), (0...65535).contains(number) else {
            return nil
        }
        var name = String(text[..<colon])
        if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
        guard name.isEmpty || IPLiteral.isValid(name) else { return nil }
        host = name.isEmpty ? "0.0.0.0" : name
        port = number
    }
}
