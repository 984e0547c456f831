import Glibc

/// The mounts that our process sees.
package enum Mounts {
    /// Mount points under a folder (and the folder itself), the last mounted first.
    package static func under(_ folder: String) -> [String] {
        let text = (try? Files.readText("/proc/self/mountinfo")) ?? ""
        return text.split(separator: "\n").compactMap { line -> String? in
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count > 4 else { return nil }
            let path = unescaped(fields[4])
            return path == folder || path.hasPrefix(folder + "/") ? path : nil
        }.reversed()
    }

    /// Takes away every mount under a folder. Returns those that could not be.
    package static func unmountAll(under folder: String) -> [String] {
        for path in under(folder) { umount2(path, 2 /* MNT_DETACH */) }
        return under(folder)
    }

    /// The kernel writes blanks and backslashes as three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3, let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
