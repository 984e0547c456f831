/// Finds what somebody probably meant.
enum NearestName {
    /// The name with the fewest changed letters; nil when none is near.
    static func of(_ name: String, among names: [String]) -> String? {
        let near = names.map { (name: $0, distance: distance(name, $0)) }.min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let near, near.distance <= max(2, name.count / 3) else {
            // Half a name is a likely slip too.
            return names.filter { name.count >= 4 && $0.hasPrefix(name) }.min { ($0.count, $0) < ($1.count, $1) }
        }
        return near.name
    }

    /// Insertions, deletions and replacements of letters.
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8.prefix(100))
        let right = Array(right.utf8.prefix(100))
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = next
            }
        }
        return row[right.count]
    }
}
