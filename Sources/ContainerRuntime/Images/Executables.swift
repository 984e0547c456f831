import Glibc
import Linux

/// What a program loads when it starts.
package enum Executables {
    package enum Library: Equatable {
        /// The dynamic loader, which must be at exactly this path.
        case interpreter(String)
        /// A shared library by the name it is asked for, and where it is on this machine.
        case library(name: String, path: String)
    }

    /// Everything a dynamic program loads, the libraries of its libraries included; nothing for a static one.
    package static func libraries(of program: String) throws -> [Library] {
        guard let interpreter = try interpreter(of: program) else { return [] }
        let result = try Command([interpreter, "--list", program]).runBlocking()
        guard result.exitCode == 0 else { throw ImageFiles.Failure(description: "cannot tell what \(program) loads: \(result.errorText)") }
        var found: [Library] = [.interpreter(interpreter)]
        for line in result.outputText.split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 3, words[1] == "=>" else { continue }
            if words[2] == "not" { throw ImageFiles.Failure(description: "\(program) needs the library \(words[0]), which is not on this machine") }
            // The loader is there already, at its own path.
            if String(words[0]) != interpreter { found.append(.library(name: String(words[0]), path: String(words[2]))) }
        }
        return found
    }

    /// The path of the dynamic loader, from the program header of type 3; nil for a static program.
    static func interpreter(of program: String) throws -> String? {
        let fd = open(program, O_RDONLY | O_CLOEXEC)
        if fd < 0 { throw SystemError("read \(program)", errno: errno) }
        defer { close(fd) }
        func read(_ count: Int, at offset: Int) throws -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            guard pread(fd, &bytes, count, offset) == count else {
                throw ImageFiles.Failure(description: "\(program) is not a program for this kind of machine")
            }
            return bytes
        }
        func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }
        let header = try read(64, at: 0)
        guard header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else {
            throw ImageFiles.Failure(description: "\(program) is not a 64-bit little-endian ELF program")
        }
        let table = number(header[32..<39])
        for index in 0..<number(header[56..<58]) {
            let entry = try read(56, at: table + index * number(header[54..<56]))
            guard number(entry[0..<4]) == 3 else { continue }
            let path = try read(min(number(entry[32..<39]), 4096), at: number(entry[8..<15]))
            return String(decoding: path.prefix { $0 != 0 }, as: UTF8.self)
        }
        return nil
    }
}
