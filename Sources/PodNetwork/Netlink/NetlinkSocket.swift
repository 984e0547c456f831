import Glibc
import Linux

/// A connection to the kernel's routing tables. For one thread; of the network namespace in which it was opened.
final class NetlinkSocket {
    private static let family: Int32 = 16
    private static let error: UInt16 = 2
    private static let done: UInt16 = 3
    /// The kernel sends no larger datagrams to those who read with this much room.
    private static let datagramBytesMax = 64 << 10

    private let descriptor: Int32
    private var sequence: UInt32 = 0

    /// - Throws: `SystemError`.
    init() throws(SystemError) {
        descriptor = socket(Self.family, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if descriptor < 0 { throw SystemError("open a netlink socket", errno: errno) }
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Has the kernel do something.
    ///
    /// - Parameter ignored: an errno that is as good as success, such as that of removing what is not there.
    /// - Throws: `SystemError` with `what` in its words.
    func perform(_ message: NetlinkMessage, what: String, ignored: Int32 = 0) throws(SystemError) {
        var message = message
        message.flags |= NetlinkMessage.Flag.acknowledge
        let sequence = try send(message, what)
        while true {
            for answer in NetlinkReader.answers(try receive(what)) where answer.sequence == sequence && answer.kind == Self.error {
                let code = -(NetlinkReader.number(answer.payload, 0, as: Int32.self) ?? 0)
                if code != 0, code != ignored { throw SystemError(what, errno: code) }
                return
            }
        }
    }

    /// Everything of a kind; or the answer to one question, when the message has not the flag `dump`.
    ///
    /// - Parameter ignored: an errno that stands for having nothing to list.
    func list(_ message: NetlinkMessage, what: String, ignored: Int32 = 0) throws(SystemError) -> [NetlinkReader.Answer] {
        let isDump = message.flags & NetlinkMessage.Flag.dump == NetlinkMessage.Flag.dump
        let sequence = try send(message, what)
        var found: [NetlinkReader.Answer] = []
        while true {
            for answer in NetlinkReader.answers(try receive(what)) where answer.sequence == sequence {
                if answer.kind == Self.done { return found }
                if answer.kind == Self.error {
                    let code = -(NetlinkReader.number(answer.payload, 0, as: Int32.self) ?? 0)
                    if code != 0, code != ignored { throw SystemError(what, errno: code) }
                    return found
                }
                found.append(answer)
                if !isDump { return found }
            }
        }
    }

    private func send(_ message: NetlinkMessage, _ what: String) throws(SystemError) -> UInt32 {
        sequence &+= 1
        let bytes = message.bytes(sequence: sequence)
        let sent = Files.retrying { Glibc.send(descriptor, bytes, bytes.count, 0) }
        if sent != bytes.count { throw SystemError(what, errno: errno) }
        return sequence
    }

    private func receive(_ what: String) throws(SystemError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: Self.datagramBytesMax)
        let count = Files.retrying { recv(descriptor, &buffer, buffer.count, 0) }
        if count < 0 { throw SystemError(what, errno: errno) }
        return Array(buffer.prefix(count))
    }
}
