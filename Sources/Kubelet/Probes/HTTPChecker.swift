import AsyncHTTPClient
import CoreV1
import NIOCore
import NIOHTTP1
import NIOSSL
import ServiceLifecycle

/// Makes the HTTP requests of probes and hooks. Certificates are not verified, as upstream does not: the kubelet asks its own pods.
final class HTTPChecker: ServiceLifecycle.Service {
    struct Answer: Sendable {
        var status: Int
        /// The beginning of the body.
        var body: String
        /// The address of a redirect that was not followed, because it leads to another host.
        var leavesTo: String?
    }

    static let bodyBytesMax = 10 << 10
    private static let redirectsMax = 10

    private let client: HTTPClient

    init() {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        configuration.tlsConfiguration = tls
        configuration.connectionPool.idleTimeout = .seconds(1)
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Stays until asked to stop, then closes connections.
    func run() async throws {
        try? await gracefulShutdown()
        try await close()
    }

    func close() async throws {
        try await client.shutdown()
    }

    /// - Throws: `KubeletError` in the words of Go's HTTP client, which upstream's messages repeat.
    func get(_ url: String, headers: [HTTPHeader], timeout: Duration) async throws -> Answer {
        var url = url
        for _ in 0...HTTPChecker.redirectsMax {
            let (answer, location) = try await once(url, headers, timeout)
            guard (300..<400).contains(answer.status), let location else { return answer }
            guard let next = HTTPChecker.resolve(location, against: url) else { return answer }
            if HTTPChecker.host(next) != HTTPChecker.host(url) {
                var left = answer
                left.leavesTo = next
                return left
            }
            url = next
        }
        throw KubeletError("Get \(Texts.quoted(url)): stopped after \(HTTPChecker.redirectsMax) redirects")
    }

    private func once(_ url: String, _ headers: [HTTPHeader], _ timeout: Duration) async throws -> (Answer, String?) {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "User-Agent", value: "kube-probe/1.36")
        request.headers.add(name: "Accept", value: "*/*")
        request.headers.add(name: "Connection", value: "close")
        for header in headers { request.headers.replaceOrAdd(name: header.name, value: header.value) }
        do {
            let response = try await client.execute(request, timeout: .nanoseconds(timeout.wholeNanoseconds))
            var body: [UInt8] = []
            for try await chunk in response.body {
                body.append(contentsOf: chunk.readableBytesView.prefix(HTTPChecker.bodyBytesMax - body.count))
                if body.count >= HTTPChecker.bodyBytesMax { break }
            }
            let answer = Answer(status: Int(response.status.code), body: String(decoding: body, as: UTF8.self), leavesTo: nil)
            return (answer, response.headers.first(name: "Location"))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw KubeletError("Get \(Texts.quoted(url)): \(ConnectionWords.of(error, authority: HTTPChecker.host(url)))")
        }
    }

    /// Host and port of an address.
    static func host(_ url: String) -> String {
        guard let start = url.range(of: "://") else { return "" }
        return String(url[start.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" })
    }

    static func resolve(_ location: String, against base: String) -> String? {
        if location.contains("://") { return location }
        guard let start = base.range(of: "://") else { return nil }
        let origin = base[..<start.upperBound] + host(base)
        if location.hasPrefix("//") { return base[..<start.lowerBound] + ":" + location }
        if location.hasPrefix("/") { return origin + location }
        let path = base.dropFirst(origin.count).prefix { $0 != "?" && $0 != "#" }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
        return origin + folder + location
    }
}

extension String {
    /// The range of the first occurrence; the standard library alone has it only for characters.
    func range(of needle: String) -> Range<String.Index>? {
        firstRange(of: needle)
    }
}
