import CLinux
import Glibc
import Linux

/// A process that hands frames over between two links of its network namespace, late, slowly and not all of them.
///
/// It does by itself what the kernel's `netem` does, which many kernels are built without. It ends when one of the links has gone.
package enum Carrier {
    /// The first argument of a process that is one.
    package static let argument = "lab-carrier"

    /// What stands before a frame and is no part of it (`struct virtio_net_hdr`).
    private static let headerBytes = 10
    /// The longest frame: segments that are yet to be cut, and their headers.
    private static let frameBytesMax = 68 << 10

    /// - Parameter arguments: two links, then a ``Slowness``.
    package static func run(_ arguments: [String]) -> Never {
        guard arguments.count == 5, let slowness = Slowness(arguments: Array(arguments.dropFirst(2))) else { exit(2) }
        let sockets = arguments.prefix(2).map { apus_packet_socket($0) }
        if let failed = sockets.first(where: { $0 < 0 }) {
            BootDialogue.tell(.failed(SystemError("carry frames between \(arguments[0]) and \(arguments[1])", errno: -failed).description))
            exit(1)
        }
        BootDialogue.tell(.up)
        BootDialogue.end()
        carry(sockets, slowness)
        exit(0)
    }

    private static func carry(_ sockets: [Int32], _ slowness: Slowness) {
        var lines = [DelayLine(slowness), DelayLine(slowness)]
        var random = SystemRandomNumberGenerator()
        var buffer = [UInt8](repeating: 0, count: frameBytesMax)
        while true {
            let due = lines.compactMap(\.nextDue).min()
            // Rounded up, since a frame that comes early would be carried faster than it was asked for.
            let wait = due.map { Int32(clamping: max(0, ($0 - now() + 999_999) / 1_000_000)) } ?? -1
            var events = sockets.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            if poll(&events, 2, wait) < 0 && errno != EINTR { return }
            for from in 0..<2 {
                while true {
                    let count = recv(sockets[from], &buffer, buffer.count, 0)
                    if count < 0 && (errno == ENETDOWN || errno == ENXIO || errno == ENODEV) { return }
                    if count <= headerBytes { break }
                    lines[from].take(Array(buffer[..<count]), bits: Int64(count - headerBytes) * 8, at: now(), using: &random)
                }
                while let frame = lines[from].release(at: now()) {
                    // One that does not go out is lost like any other.
                    _ = send(sockets[1 - from], frame, frame.count, 0)
                }
            }
        }
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
