import CSchemas

/// A text that is part of the program. Its bytes live as long as the process.
struct EmbeddedTable: Sendable {
    let name: String
    private let address: UInt
    private let size: Int

    /// All tables, in the order of their names.
    static let all: [EmbeddedTable] = {
        var tables: [EmbeddedTable] = []
        while true {
            let table = apus_table_at(tables.count)
            guard let name = table.name, let bytes = table.bytes else { return tables }
            tables.append(EmbeddedTable(name: String(cString: name), address: UInt(bitPattern: bytes), size: table.size))
        }
    }()

    static func named(_ name: String) -> EmbeddedTable? { all.first { $0.name == name } }

    private init(name: String, address: UInt, size: Int) {
        self.name = name
        self.address = address
        self.size = size
    }

    private var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: size) }

    /// Calls `body` with every line that does not begin with a space, and with the lines below it that do.
    func forEachBlock(_ body: (_ head: Block, _ members: Block) -> Void) {
        let bytes = bytes
        var start = 0
        while start < bytes.count {
            let headEnd = endOfLine(start)
            var end = headEnd
            while end < bytes.count && bytes[end] == UInt8(ascii: " ") { end = endOfLine(end) }
            body(Block(table: self, range: start..<headEnd), Block(table: self, range: headEnd..<end))
            start = end
        }
    }

    /// The place behind the line feed.
    private func endOfLine(_ start: Int) -> Int {
        let bytes = bytes
        var place = start
        while place < bytes.count && bytes[place] != UInt8(ascii: "\n") { place += 1 }
        return min(place + 1, bytes.count)
    }

    /// Some lines of a table.
    struct Block: Sendable {
        fileprivate let table: EmbeddedTable
        fileprivate let range: Range<Int>

        /// The lines without their line feeds.
        var lines: [Substring] { text.split(separator: "\n") }

        /// The words of the first line.
        var words: [Substring] { text.split { $0 == " " || $0 == "\n" } }

        func starts(with prefix: StaticString) -> Bool {
            guard range.count >= prefix.utf8CodeUnitCount else { return false }
            return table.bytes[range].prefix(prefix.utf8CodeUnitCount).elementsEqual(
                UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
        }

        private var text: String { String(decoding: UnsafeRawBufferPointer(rebasing: table.bytes[range]), as: UTF8.self) }
    }
}
