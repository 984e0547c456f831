import Crypto
import Glibc
import JSON
import Linux

/// An image made here: a name and what it runs. Its files are those of the archive it is written to.
package struct LocalImage: Sendable {
    /// With a registry's name and a tag, such as `apus.local/pause:1.2.3`.
    package var name: String
    package var entrypoint: [String]
    package var command: [String]
    package var environment: [String]
    package var exposedPorts: [String]

    /// - Parameters:
    ///   - environment: `NAME=value` each, beside `PATH`.
    ///   - exposedPorts: `8080/tcp` each; for information only.
    package init(name: String, entrypoint: [String], command: [String] = [], environment: [String] = [], exposedPorts: [String] = []) {
        self.name = name
        self.entrypoint = entrypoint
        self.command = command
        self.environment = environment
        self.exposedPorts = exposedPorts
    }

    func configuration(layerDigest: String) -> JSONValue {
        var config: JSONValue = [
            "Env": .array((["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] + environment).map { .string($0) }),
            "Entrypoint": .array(entrypoint.map { .string($0) }),
            "WorkingDir": "/",
        ]
        if !command.isEmpty { config["Cmd"] = .array(command.map { .string($0) }) }
        if !exposedPorts.isEmpty { config["ExposedPorts"] = .object(JSONObject(uniqueEntries: exposedPorts.map { ($0, [:]) })) }
        return [
            "architecture": .string(Self.architecture), "os": "linux", "config": config,
            "rootfs": ["type": "layers", "diff_ids": [.string(layerDigest)]],
        ]
    }

    #if arch(arm64)
        static let architecture = "arm64"
    #else
        static let architecture = "amd64"
    #endif
}

/// Writes images that share one layer of files as an OCI image archive. The same input gives the same bytes.
enum ImageArchive {
    private static let layerType = "application/vnd.oci.image.layer.v1.tar"
    private static let configurationType = "application/vnd.oci.image.config.v1+json"
    private static let manifestType = "application/vnd.oci.image.manifest.v1+json"

    /// Returns the digest of each image's manifest, in the order of the images.
    @discardableResult
    static func write(_ images: [LocalImage], files: ImageFiles, to path: String) throws -> [String] {
        let output = try Output(path)
        // The layer's digest is its name in the archive but known only at its end: its header is written last.
        let layerHeader = output.offset
        output.write([UInt8](repeating: 0, count: Tar.blockBytes))
        let layer = try writeLayer(files, to: output)
        output.write(Tar.padding(after: layer.size))
        try output.write(Tar.header(blobPath(layer.digest), kind: .file, mode: 0o644, size: layer.size), at: layerHeader)

        func blob(_ value: JSONValue, _ type: String) throws -> JSONValue {
            let bytes = value.serialized()
            let digest = "sha256:\(hex(SHA256.hash(data: bytes)))"
            try output.writeFile(blobPath(digest), bytes)
            return ["mediaType": .string(type), "digest": .string(digest), "size": .integer(Int64(bytes.count))]
        }
        var manifests: [JSONValue] = []
        for image in images {
            let configuration = try blob(image.configuration(layerDigest: layer.digest), configurationType)
            var manifest = try blob(
                [
                    "schemaVersion": 2, "mediaType": .string(manifestType), "config": configuration,
                    "layers": [["mediaType": .string(layerType), "digest": .string(layer.digest), "size": .integer(layer.size)]],
                ], manifestType)
            manifest["annotations"] = ["io.containerd.image.name": .string(image.name)]
            manifest["platform"] = ["architecture": .string(LocalImage.architecture), "os": "linux"]
            manifests.append(manifest)
        }
        let index: JSONValue = ["schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": .array(manifests)]
        try output.writeFile("index.json", index.serialized())
        try output.writeFile("oci-layout", JSONValue.object(["imageLayoutVersion": "1.0.0"]).serialized())
        output.write(Tar.end)
        try output.close()
        return manifests.compactMap { $0["digest"]?.stringValue }
    }

    private static func blobPath(_ digest: String) -> String { "blobs/sha256/\(digest.dropFirst("sha256:".count))" }

    private static func hex(_ digest: SHA256.Digest) -> String {
        var text = ""
        for byte in digest { text += (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        return text
    }

    private static func writeLayer(_ files: ImageFiles, to output: Output) throws -> (digest: String, size: Int64) {
        var hash = SHA256()
        let start = output.offset
        func put(_ bytes: [UInt8]) {
            hash.update(data: bytes)
            output.write(bytes)
        }
        for (path, entry) in files.sorted {
            switch entry.content {
            case .directory:
                put(try Tar.header(path + "/", kind: .directory, mode: entry.mode))
            case .symlink(let target):
                put(try Tar.header(path, kind: .symlink, mode: entry.mode, target: target))
            case .bytes(let bytes):
                put(try Tar.header(path, kind: .file, mode: entry.mode, size: Int64(bytes.count)))
                put(bytes)
                put(Tar.padding(after: Int64(bytes.count)))
            case .disk(let source):
                try copy(source, as: path, mode: entry.mode, put)
            }
        }
        put(Tar.end)
        return ("sha256:\(hex(hash.finalize()))", output.offset - start)
    }

    private static func copy(_ source: String, as path: String, mode: UInt32, _ put: ([UInt8]) -> Void) throws {
        let fd = open(source, O_RDONLY | O_CLOEXEC)
        if fd < 0 { throw SystemError("read \(source)", errno: errno) }
        defer { Glibc.close(fd) }
        var info = stat()
        if fstat(fd, &info) != 0 { throw SystemError("read \(source)", errno: errno) }
        let size = Int64(info.st_size)
        put(try Tar.header(path, kind: .file, mode: mode, size: size))
        var left = size
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while left > 0 {
            let n = read(fd, &chunk, min(chunk.count, Int(clamping: left)))
            if n < 0 && errno == EINTR { continue }
            if n < 0 { throw SystemError("read \(source)", errno: errno) }
            if n == 0 { throw ImageFiles.Failure(description: "\(source) became shorter while it was read") }
            put(n == chunk.count ? chunk : Array(chunk[..<n]))
            left -= Int64(n)
        }
        put(Tar.padding(after: size))
    }

    /// A file being written; the first failure is kept and thrown at the end.
    private final class Output {
        let path: String
        let fd: Int32
        private(set) var offset: Int64 = 0
        private var failure: Int32 = 0

        init(_ path: String) throws {
            self.path = path
            fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            if fd < 0 { throw SystemError("write \(path)", errno: errno) }
        }

        deinit { Glibc.close(fd) }

        func write(_ bytes: [UInt8]) {
            if failure == 0 { failure = Files.writeAll(fd, bytes) }
            offset += Int64(bytes.count)
        }

        func write(_ bytes: [UInt8], at place: Int64) {
            if failure == 0 && pwrite(fd, bytes, bytes.count, off_t(place)) != bytes.count { failure = errno }
        }

        func writeFile(_ name: String, _ bytes: [UInt8]) throws {
            write(try Tar.header(name, kind: .file, mode: 0o644, size: Int64(bytes.count)))
            write(bytes)
            write(Tar.padding(after: Int64(bytes.count)))
        }

        func close() throws {
            if failure != 0 { throw SystemError("write \(path)", errno: failure) }
        }
    }
}
