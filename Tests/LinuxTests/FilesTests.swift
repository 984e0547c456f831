import Glibc
import Testing

@testable import Linux

@Suite struct FilesTests {
    let folder: String

    init() throws {
        var template = Array("/tmp/apus-files-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    @Test func modesAreExactWhateverTheUmask() throws {
        try Files.makeDirectory("\(folder)/a/b", mode: 0o777)
        try Files.write("\(folder)/a/file", [1], mode: 0o666)
        for (path, mode) in [("a", 0o777), ("a/b", 0o777), ("a/file", 0o666)] as [(String, mode_t)] {
            var info = stat()
            #expect(stat("\(folder)/\(path)", &info) == 0)
            #expect(info.st_mode & 0o7777 == mode, "\(path)")
        }
        // What is there is left alone.
        try Files.setMode("\(folder)/a", 0o700)
        try Files.makeDirectory("\(folder)/a", mode: 0o777)
        var info = stat()
        #expect(stat("\(folder)/a", &info) == 0)
        #expect(info.st_mode & 0o7777 == 0o700)
        try Files.removeTree(folder)
    }

    @Test func whatCannotBeDoneIsNamedWithTheReason() throws {
        try Files.write("\(folder)/file", [])
        for attempt in [{ try Files.makeDirectory("\($0)/file/below") }, { try Files.makeDirectory("\($0)/file") }] as [(String) throws -> Void] {
            #expect { try attempt(folder) } throws: { "\($0)".contains("\(folder)/file") && "\($0)".hasSuffix("Not a directory") }
        }
        #expect(try Files.read("\(folder)/none") == nil)
        #expect(throws: SystemError.self) { try Files.read(folder) }
        try Files.removeTree(folder)
    }

    @Test func readingStopsAtTheLimit() throws {
        try Files.write("\(folder)/file", Array("abcdef".utf8))
        let descriptor = open("\(folder)/file", O_RDONLY)
        defer { close(descriptor) }
        #expect(try Files.readAll(descriptor, "file", limit: 4) == Array("abcd".utf8))
        #expect(try Files.readAll(descriptor, "file") == Array("ef".utf8))
        try Files.removeTree(folder)
    }
}

@Suite struct ListenersTests {
    @Test func theListenerOfAPortIsFound() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        #expect(listen(descriptor, 1) == 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
            return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
        #expect(Listeners.process(onPort: port)?.pid == getpid())
    }

    @Test func onlyListenersCount() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
               1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
               2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
            """
        #expect(Listeners.inodes(listeningOn: 8080, table) == ["4711"])
        #expect(Listeners.inodes(listeningOn: 80, table) == ["4713"])
        #expect(Listeners.inodes(listeningOn: 40000, table).isEmpty)
    }
}

@Suite struct MountsTests {
    @Test func mountinfoIsRead() {
        let text = """
            36 35 98:0 / /mnt1 rw,noatime master:1 - ext3 /dev/root rw
            37 35 0:5 / /var/lib/with\\040blank rw - tmpfs tmpfs rw,size=1k
            """
        #expect(
            Mounts.parse(text) == [
                Mounts.Entry(path: "/mnt1", type: "ext3", source: "/dev/root", options: "rw"),
                Mounts.Entry(path: "/var/lib/with blank", type: "tmpfs", source: "tmpfs", options: "rw,size=1k"),
            ])
    }

    @Test func hierarchiesOfCgroupsAreTold() {
        let text = """
            31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
            32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:4 - cgroup cgroup rw,cpu,cpuacct
            33 31 0:29 / /elsewhere rw - cgroup cgroup rw,cpu,cpuacct
            40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
            41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
            """
        #expect(
            CgroupHierarchy.choose(Mounts.parse(text)) == [
                CgroupHierarchy(path: "/sys/fs/cgroup/cpu,cpuacct", isVersion2: false, selection: "cpu,cpuacct"),
                CgroupHierarchy(path: "/sys/fs/cgroup/systemd", isVersion2: false, selection: "none,name=systemd"),
                CgroupHierarchy(path: "/sys/fs/cgroup/unified", isVersion2: true, selection: ""),
            ])
    }
}
