import CLinux

/// The program of a pod's first process, which holds the pod's namespaces open.
///
/// Every pod runs one, so it is as small as a program can be: a static ELF file of one segment, made of machine code that lies ready in our own
/// binary. It reaps children and ends when it is asked to.
package enum PauseProgram {
    package static let name = "pause"

    private static let fileHeaderBytes = 64
    private static let programHeaderBytes = 56
    private static let address: UInt64 = 0x40_0000
    /// The largest page of the processors that it is made for.
    private static let pageBytes: UInt64 = 0x1_0000

    #if arch(arm64)
        private static let machine: UInt16 = 183
    #else
        private static let machine: UInt16 = 62
    #endif

    private enum Flag {
        static let execute: UInt32 = 1
        static let write: UInt32 = 2
        static let read: UInt32 = 4
    }

    /// The executable file.
    package static func bytes() -> [UInt8] {
        var size = 0
        var entry = 0
        guard let start = apus_pause_program(&size, &entry) else { return [] }
        let code = UnsafeRawBufferPointer(start: start, count: size)
        let headers = fileHeaderBytes + 2 * programHeaderBytes
        var file = Fields()
        file.bytes = [0x7F, 0x45, 0x4C, 0x46, 2 /* 64 bits */, 1 /* little-endian */, 1 /* version */, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        file.add(UInt16(2) /* at a fixed address */)
        file.add(machine)
        file.add(UInt32(1))
        file.add(address + UInt64(headers + entry))
        file.add(UInt64(fileHeaderBytes))
        file.add(UInt64(0) /* no sections */)
        file.add(UInt32(0))
        for length in [fileHeaderBytes, programHeaderBytes, 2, 0, 0, 0] { file.add(UInt16(length)) }
        let total = UInt64(headers + size)
        file.segment(type: 1, Flag.read | Flag.execute, at: address, size: total, align: pageBytes)
        // The stack holds no code.
        file.segment(type: 0x6474_E551, Flag.read | Flag.write, at: 0, size: 0, align: 16)
        return file.bytes + Array(code)
    }

    private struct Fields {
        var bytes: [UInt8] = []

        mutating func add<Integer: FixedWidthInteger>(_ value: Integer) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }

        mutating func segment(type: UInt32, _ flags: UInt32, at address: UInt64, size: UInt64, align: UInt64) {
            add(type)
            add(flags)
            for value in [0, address, address, size, size, align] { add(value) }
        }
    }
}
