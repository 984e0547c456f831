/// Writes a database file of bbolt, in which etcd's members keep what they have: pages of sorted keys, filled one after the other from below.
///
/// ```
/// page   id 8, kind 2, count 2, further pages that belong to it 4 bytes; then `count` elements, then what they point at
/// leaf   element: kind 4, distance from here to the key 4, key length 4, value length 4 bytes
/// branch element: distance from here to the key 4, key length 4, page 8 bytes
/// 0, 1   what is where (`meta`), twice
/// 2      pages that are free: none
/// ```
/// A bucket's value is the page at which it begins and a number of its own (16 bytes); a small one has its only page right behind, and begins at 0.
/// Numbers have their smallest byte first, as on every machine that etcd runs on.
struct BoltFile {
    /// A bucket being written.
    struct Tree {
        fileprivate var leaf = Page()
        /// The pages that are written: what comes first on them, and where they are.
        fileprivate var leaves: [(key: [UInt8], page: UInt64)] = []
    }

    fileprivate struct Page {
        var elements: [(kind: UInt32, key: [UInt8], value: [UInt8])] = []
        var bytes = BoltFile.pageHeadBytes

        func hasRoom(for count: Int) -> Bool { elements.isEmpty || bytes + count <= BoltFile.pageBytes }
    }

    private static let pageBytes = 4096
    private static let pageHeadBytes = 16
    private static let elementBytes = 16
    private static let branch: UInt16 = 1
    private static let leaf: UInt16 = 2
    private static let meta: UInt16 = 4
    private static let free: UInt16 = 16
    private static let isBucket: UInt32 = 1
    private static let firstPage: UInt64 = 3

    private var next = BoltFile.firstPage

    /// Leaves room for the pages that are written last.
    init(_ file: inout PrivateFile) throws {
        try file.append([UInt8](repeating: 0, count: Int(Self.firstPage) * Self.pageBytes))
    }

    /// - Parameter key: greater than all before.
    mutating func add(_ key: [UInt8], _ value: [UInt8], to tree: inout Tree, in file: inout PrivateFile) throws {
        try add(0, key, value, to: &tree, in: &file)
    }

    private mutating func add(_ kind: UInt32, _ key: [UInt8], _ value: [UInt8], to tree: inout Tree, in file: inout PrivateFile) throws {
        let count = Self.elementBytes + key.count + value.count
        if !tree.leaf.hasRoom(for: count) { try writeLeaf(&tree, in: &file) }
        tree.leaf.elements.append((kind, key, value))
        tree.leaf.bytes += count
    }

    /// - Returns: the page at which the bucket begins.
    mutating func finish(_ tree: inout Tree, in file: inout PrivateFile) throws -> UInt64 {
        if !tree.leaf.elements.isEmpty || tree.leaves.isEmpty { try writeLeaf(&tree, in: &file) }
        var below = tree.leaves
        while below.count > 1 {
            var above: [(key: [UInt8], page: UInt64)] = []
            var rest = below[...]
            while let first = rest.first {
                var count = 0
                var bytes = Self.pageHeadBytes
                while count < rest.count, bytes + Self.elementBytes + rest[rest.startIndex + count].key.count <= Self.pageBytes {
                    bytes += Self.elementBytes + rest[rest.startIndex + count].key.count
                    count += 1
                }
                above.append((first.key, try writeBranch(rest.prefix(count), in: &file)))
                rest = rest.dropFirst(count)
            }
            below = above
        }
        return below[0].page
    }

    /// Writes the bucket that holds all others, and what says where it is.
    mutating func finish(_ buckets: [(name: String, value: [UInt8])], in file: inout PrivateFile) throws {
        var tree = Tree()
        for bucket in buckets { try add(Self.isBucket, Array(bucket.name.utf8), bucket.value, to: &tree, in: &file) }
        let root = try finish(&tree, in: &file)
        try file.overwrite(Self.padded(Self.head(2, Self.free, count: 0, further: 0)), at: Int64(2 * Self.pageBytes))
        for copy in 0..<2 {
            var meta: [UInt8] = []
            Self.append(UInt32(0xED0C_DAED), to: &meta)
            Self.append(UInt32(2), to: &meta)
            Self.append(UInt32(Self.pageBytes), to: &meta)
            Self.append(UInt32(0), to: &meta)
            meta += Self.bucket(root)
            Self.append(UInt64(2), to: &meta)
            Self.append(next, to: &meta)
            Self.append(UInt64(copy), to: &meta)
            Self.append(Self.checksum(meta), to: &meta)
            try file.overwrite(
                Self.padded(Self.head(UInt64(copy), Self.meta, count: 0, further: 0) + meta), at: Int64(copy * Self.pageBytes))
        }
    }

    /// A bucket's value.
    static func bucket(_ page: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        append(page, to: &bytes)
        append(UInt64(0), to: &bytes)
        return bytes
    }

    /// The value of a bucket with few entries, sorted.
    static func inlineBucket(_ entries: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
        bucket(0) + leafPage(0, entries.map { (0, $0.key, $0.value) }, further: 0)
    }

    static func bigEndian(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian, Array.init) }

    private mutating func writeLeaf(_ tree: inout Tree, in file: inout PrivateFile) throws {
        let further = (tree.leaf.bytes - 1) / Self.pageBytes
        let page = take(1 + further)
        try file.append(Self.padded(Self.leafPage(page, tree.leaf.elements, further: further)))
        tree.leaves.append((tree.leaf.elements.first?.key ?? [], page))
        tree.leaf = Page()
    }

    private mutating func writeBranch(_ children: ArraySlice<(key: [UInt8], page: UInt64)>, in file: inout PrivateFile) throws -> UInt64 {
        let page = take(1)
        var bytes = Self.head(page, Self.branch, count: children.count, further: 0)
        var distance = children.count * Self.elementBytes
        for child in children {
            Self.append(UInt32(distance), to: &bytes)
            Self.append(UInt32(child.key.count), to: &bytes)
            Self.append(child.page, to: &bytes)
            distance += child.key.count - Self.elementBytes
        }
        for child in children { bytes += child.key }
        try file.append(Self.padded(bytes))
        return page
    }

    private mutating func take(_ count: Int) -> UInt64 {
        defer { next += UInt64(count) }
        return next
    }

    private static func leafPage(_ page: UInt64, _ elements: [(kind: UInt32, key: [UInt8], value: [UInt8])], further: Int) -> [UInt8] {
        var bytes = head(page, leaf, count: elements.count, further: further)
        var distance = elements.count * elementBytes
        for element in elements {
            append(element.kind, to: &bytes)
            append(UInt32(distance), to: &bytes)
            append(UInt32(element.key.count), to: &bytes)
            append(UInt32(element.value.count), to: &bytes)
            distance += element.key.count + element.value.count - elementBytes
        }
        for element in elements { bytes += element.key + element.value }
        return bytes
    }

    private static func head(_ page: UInt64, _ kind: UInt16, count: Int, further: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        append(page, to: &bytes)
        append(kind, to: &bytes)
        append(UInt16(count), to: &bytes)
        append(UInt32(further), to: &bytes)
        return bytes
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (pageBytes - bytes.count % pageBytes) % pageBytes)
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// FNV-1a of 64 bits.
    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
