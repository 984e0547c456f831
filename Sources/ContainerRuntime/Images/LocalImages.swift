import Crypto
import Glibc
import JSON
import Linux
package import Logging

/// Brings images that are made here into containerd, so that they need no registry.
package struct LocalImages: Sendable {
    let client: RuntimeClient
    /// Where the archive is written for a moment, and where it is remembered what was imported.
    let folder: String
    let logger: Logger

    /// - Parameter folder: under the data folder, removed together with containerd's images.
    package init(client: RuntimeClient, folder: String, logger: Logger) {
        self.client = client
        self.folder = folder
        self.logger = logger
    }

    /// Makes the images available by their names. Does nothing when the very same are there already: the files on this machine that they
    /// are made of are compared by size and time of change, not read.
    package func ensure(_ images: [LocalImage], files: ImageFiles) async throws {
        try Files.makeDirectory(folder)
        let fingerprint = try fingerprint(images, files)
        let known = try imported()
        if known.first == fingerprint {
            var isComplete = true
            for image in images where isComplete { isComplete = try await client.imageStatus(.make { $0.image = image.name }) != nil }
            if isComplete { return }
        }
        let archive = "\(folder)/import.tar"
        defer { unlink(archive) }
        try await onThread { try ImageArchive.write(images, files: files, to: archive) }
        try await Command(
            ["ctr", "--address", client.socketPath, "--namespace", "k8s.io", "images", "import", archive], timeout: .seconds(300)
        ).run()
        for image in images { try await waitUntilKnown(image) }
        let others = known.dropFirst().filter { name in !images.contains { $0.name == name } }
        try Files.writeAtomically(record, ([fingerprint] + others + images.map(\.name)).joined(separator: "\n"))
        logger.info("imported images", metadata: ["images": "\(images.map(\.name).joined(separator: " "))"])
    }

    /// Takes away the images that were made here, those of earlier programs too.
    ///
    /// - Returns: their names.
    package func remove() async throws -> [String] {
        let names = Array(try imported().dropFirst())
        for name in names { try await client.removeImage(.make { $0.image = name }) }
        unlink(record)
        return names
    }

    private var record: String { "\(folder)/imported" }

    /// The record's lines: what the images of the last import are made of, and the names of all that were imported.
    private func imported() throws -> [String] { (try Files.readText(record) ?? "").split(separator: "\n").map(String.init) }

    /// containerd's CRI plug-in learns of an imported image by an event, a moment after the import.
    private func waitUntilKnown(_ image: LocalImage) async throws {
        for _ in 0..<500 {
            if try await client.imageStatus(.make { $0.image = image.name }) != nil { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw ImageFiles.Failure(description: "containerd imported the image \(image.name) but does not list it")
    }

    private func fingerprint(_ images: [LocalImage], _ files: ImageFiles) throws -> String {
        var hash = SHA256()
        func put(_ text: String) { hash.update(data: Array("\(text)\n".utf8)) }
        for image in images { put(image.name + String(decoding: image.configuration(layerDigest: "").serialized(), as: UTF8.self)) }
        for (path, entry) in files.sorted {
            put("\(path) \(entry.mode)")
            switch entry.content {
            case .directory: put("directory")
            case .bytes(let bytes): hash.update(data: bytes)
            case .symlink(let target): put(target)
            case .disk(let source):
                var info = stat()
                if stat(source, &info) != 0 { throw SystemError("read \(source)", errno: errno) }
                put("\(source) \(info.st_ino) \(info.st_size) \(info.st_mtim.tv_sec) \(info.st_mtim.tv_nsec)")
            }
        }
        return hash.finalize().map { String($0, radix: 16) }.joined(separator: "-")
    }

    private func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let failure = Threads.start("image") { continuation.resume(with: Result { try body() }) }
            if let failure { continuation.resume(throwing: failure) }
        }
    }
}
