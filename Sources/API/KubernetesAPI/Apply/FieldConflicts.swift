/// An apply wants to change fields that others manage.
package struct FieldConflicts: Error, Sendable, Equatable {
    package struct Conflict: Sendable, Equatable {
        package var manager: ManagedFields.Manager
        package var path: [PathElement]
    }

    /// By manager, in the order of their names.
    package var conflicts: [Conflict]

    /// The fields in question.
    package var set: FieldSet { conflicts.reduce(into: FieldSet()) { $0.insert($1.path[...]) } }

    package var message: String {
        if conflicts.count == 1 {
            return "Apply failed with 1 conflict: conflict with \(conflicts[0].manager.description): \(FieldSet.text(conflicts[0].path))"
        }
        var lines: [String] = []
        var last: ManagedFields.Manager?
        for conflict in conflicts {
            if conflict.manager != last { lines.append("conflicts with \(conflict.manager.description):") }
            last = conflict.manager
            lines.append("- \(FieldSet.text(conflict.path))")
        }
        return "Apply failed with \(conflicts.count) conflicts: \(lines.joined(separator: "\n"))"
    }
}
