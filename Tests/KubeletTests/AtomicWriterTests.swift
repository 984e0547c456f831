import Glibc
import Linux
import Testing

@testable import Kubelet

@Suite struct AtomicWriterTests {
    private func file(_ text: String, _ mode: mode_t = 0o644) -> VolumeFile {
        VolumeFile(bytes: Array(text.utf8), mode: mode)
    }

    private func writer(_ folder: String, at microseconds: Int64 = 1_700_000_000_000_000) -> AtomicWriter {
        AtomicWriter(folder: folder, group: nil, nowMicroseconds: microseconds)
    }

    @Test func filesAreSeenThroughTheDataLink() async throws {
        try await withTemporaryFolder { folder in
            try writer(folder).write(["a": file("one", 0o400), "dir/b": file("two")])
            #expect(try Files.readText(folder + "/a") == "one")
            #expect(try Files.readText(folder + "/dir/b") == "two")
            #expect(Files.readLink(folder + "/a") == "..data/a")
            #expect(Files.readLink(folder + "/dir") == "..data/dir")
            let data = try #require(Files.readLink(folder + "/..data"))
            #expect(data.hasPrefix("..2023_11_14_22_13_20."))
            var info = stat()
            #expect(stat(folder + "/a", &info) == 0)
            #expect(info.st_mode & 0o777 == 0o400)
        }
    }

    @Test func anUpdateReplacesAllAtOnceAndLeavesNothingBehind() async throws {
        try await withTemporaryFolder { folder throws in
            #expect(try writer(folder).write(["a": file("one"), "gone": file("x")]))
            let before = Files.readLink(folder + "/..data")
            #expect(try writer(folder).write(["a": file("two"), "new": file("y")]))
            #expect(Files.readLink(folder + "/..data") != before)
            #expect(try Files.readText(folder + "/a") == "two")
            #expect(try Files.readText(folder + "/new") == "y")
            #expect(Files.readLink(folder + "/gone") == nil)
            #expect(try Files.list(folder).filter { $0.hasPrefix("..2") }.count == 1)
        }
    }

    @Test func theSameContentIsNotWrittenAgain() async throws {
        try await withTemporaryFolder { folder in
            try writer(folder).write(["a": file("one")])
            let before = Files.readLink(folder + "/..data")
            #expect(try !writer(folder).write(["a": file("one")]))
            #expect(Files.readLink(folder + "/..data") == before)
            #expect(try writer(folder).write(["a": file("one", 0o600)]), "a changed mode is a change")
        }
    }

    @Test(arguments: ["", "/abs", "a/../b", "..a", "../up"])
    func pathsThatLeaveTheVolumeAreRefused(path: String) async throws {
        try await withTemporaryFolder { folder in
            let writer = writer(folder)
            #expect(throws: (any Error).self) { try writer.write([path: file("x")]) }
            return ()
        }
    }

    @Test func theGroupMayRead() async throws {
        guard geteuid() == 0 else { return }
        try await withTemporaryFolder { folder in
            try AtomicWriter(folder: folder, group: 1234, nowMicroseconds: 0).write(["a": file("one", 0o400)])
            var info = stat()
            #expect(stat(folder + "/a", &info) == 0)
            #expect(info.st_gid == 1234)
            #expect(info.st_mode & 0o777 == 0o440)
        }
    }
}

@Suite struct SafeSubpathTests {
    @Test func linksInsideAreFollowedAndLinksOutsideAreNot() async throws {
        try await withTemporaryFolder { folder in
            let volume = folder + "/volume"
            try Files.makeDirectory(volume + "/real", mode: 0o755)
            try Files.write(volume + "/real/file", Array("in".utf8))
            try Files.write(folder + "/secret", Array("out".utf8))
            #expect(symlink("real", volume + "/inner") == 0)
            #expect(symlink("../secret", volume + "/relative") == 0)
            #expect(symlink(folder + "/secret", volume + "/absolute") == 0)
            #expect(symlink("loop", volume + "/loop") == 0)
            #expect(try SafeSubpath.withOpened(volume, "inner/file", create: nil) { try Files.readText($0) } == "in")
            for path in ["relative", "absolute", "loop", "../secret", "real/../../secret", "missing"] {
                #expect(throws: (any Error).self, "\(path)") { try SafeSubpath.withOpened(volume, path, create: nil) { _ in } }
            }
        }
    }

    @Test func missingFoldersAreMade() async throws {
        try await withTemporaryFolder { folder in
            try SafeSubpath.withOpened(folder, "a/b", create: 0o750) { _ in }
            #expect(Files.isDirectory(folder + "/a/b"))
        }
    }
}

@Suite struct FilesTests {
    @Test func removingATreeDoesNotFollowLinks() async throws {
        try await withTemporaryFolder { folder in
            try Files.makeDirectory(folder + "/kept", mode: 0o755)
            try Files.write(folder + "/kept/file", [])
            try Files.makeDirectory(folder + "/tree/deep", mode: 0o755)
            #expect(symlink(folder + "/kept", folder + "/tree/deep/link") == 0)
            try Files.removeTree(folder + "/tree")
            #expect(!Files.exists(folder + "/tree"))
            #expect(Files.exists(folder + "/kept/file"))
        }
    }
}
