import Glibc
import Linux

/// The `/dev` of a machine: what every program expects, and nothing of the host's hardware.
enum Devices {
    private static let nodes: [(name: String, major: UInt64, minor: UInt64, mode: UInt32)] = [
        ("null", 1, 3, 0o666), ("zero", 1, 5, 0o666), ("full", 1, 7, 0o666), ("random", 1, 8, 0o666), ("urandom", 1, 9, 0o666),
        ("kmsg", 1, 11, 0o644), ("tty", 5, 0, 0o666), ("fuse", 10, 229, 0o666), ("net/tun", 10, 200, 0o666),
    ]
    private static let links = [
        ("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"), ("ptmx", "pts/ptmx"),
    ]

    static func mount(on dev: String) throws {
        try Mounts.mount("tmpfs", on: dev, flags: MS_NOSUID | MS_NOEXEC, options: "mode=755")
        for folder in ["net", "pts", "shm", "mqueue"] { try Files.makeDirectory("\(dev)/\(folder)") }
        for (name, major, minor, mode) in nodes {
            let path = "\(dev)/\(name)"
            guard mknod(path, S_IFCHR | mode, dev_t(major << 8 | minor)) == 0 else { throw SystemError("make the device", path) }
            try Files.setMode(path, mode)
        }
        for (name, target) in links { try Files.makeLink("\(dev)/\(name)", to: target) }
        try Mounts.mount("devpts", on: "\(dev)/pts", flags: MS_NOSUID | MS_NOEXEC, options: "newinstance,ptmxmode=0666,mode=0620,gid=5")
        try Mounts.mount("tmpfs", on: "\(dev)/shm", flags: MS_NOSUID | MS_NODEV, options: "mode=1777")
        try Mounts.mount("mqueue", on: "\(dev)/mqueue", flags: MS_NOSUID | MS_NODEV | MS_NOEXEC)
    }
}
