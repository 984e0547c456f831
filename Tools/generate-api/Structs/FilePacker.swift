/// Divides types into files: a type stands in the file of the first type that refers to it, unless it brings much along itself.
struct FilePacker {
    let api: APIDescription

    /// A type that brings more lines than this opens a file of its own.
    private static let largestPart = 160
    /// A file of more lines than this is continued in another one, named after its first type.
    private static let fileLength = 320

    /// The files as lists of types; each file is to be named after its first type.
    func files(of types: [TypeDescription]) -> [[TypeDescription]] {
        var waiting = Set(types.map(\.id))
        var tree: [TypeID: [TypeDescription]] = [:]
        // Kinds first, so that a type stands behind the kind that uses it.
        var roots = types.filter(\.isKind)
        for root in roots { waiting.remove(root.id) }
        func grow(_ type: TypeDescription) {
            let children = type.references.compactMap { waiting.remove($0) }.compactMap { api.types[$0] }
            tree[type.id] = children
            for child in children { grow(child) }
        }
        for root in roots { grow(root) }
        for type in types where waiting.contains(type.id) {
            waiting.remove(type.id)
            roots.append(type)
            grow(type)
        }

        var files: [[TypeDescription]] = []
        func open(_ type: TypeDescription) {
            var file: [TypeDescription] = []
            var large: [TypeDescription] = []
            fill(type, &file, &large)
            files.append(file)
            for type in large { open(type) }
        }
        func fill(_ type: TypeDescription, _ file: inout [TypeDescription], _ large: inout [TypeDescription]) {
            if length(of: file) > Self.fileLength {
                files.append(file)
                file = []
            }
            file.append(type)
            for child in tree[type.id] ?? [] {
                if weight(child, tree) > Self.largestPart { large.append(child) } else { fill(child, &file, &large) }
            }
        }
        for root in roots { open(root) }
        return files
    }

    private func weight(_ type: TypeDescription, _ tree: [TypeID: [TypeDescription]]) -> Int {
        (tree[type.id] ?? []).reduce(length(of: [type])) { $0 + weight($1, tree) }
    }

    /// The approximate number of source lines.
    private func length(of types: [TypeDescription]) -> Int {
        types.reduce(0) { $0 + 4 * $1.storedFields.count + 25 }
    }
}
