import Linux

/// The cgroups of a lab, in every hierarchy that the host has.
enum LabCgroups {
    /// The folders of a cgroup, which are made where they are missing.
    static func all(_ cgroup: String) throws -> [String] {
        try CgroupHierarchy.all().map { try $0.make(cgroup) }
    }

    /// Where the folders of a cgroup are or would be.
    static func folders(_ cgroup: String) throws -> [String] {
        try CgroupHierarchy.all().map { $0.path + cgroup }
    }

    /// Kills whoever is in a cgroup, and removes it in all hierarchies.
    static func remove(_ cgroup: String) async throws {
        for folder in try folders(cgroup) { try await Cgroups.remove(folder) }
    }
}
