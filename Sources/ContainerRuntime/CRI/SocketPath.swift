/// The limit that the kernel sets to the path of a unix socket.
package enum SocketPath {
    /// `sockaddr_un.sun_path` with its closing zero.
    package static let bytesMax = 107

    package struct TooLong: Error, CustomStringConvertible {
        package var path: String
        package var description: String {
            "the socket path \(path) has \(path.utf8.count) bytes, the kernel allows \(bytesMax): choose a shorter data folder"
        }
    }

    package static func check(_ path: String) throws(TooLong) {
        if path.utf8.count > bytesMax { throw TooLong(path: path) }
    }
}
