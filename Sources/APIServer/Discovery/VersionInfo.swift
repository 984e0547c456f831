import JSON

/// What `/version` says. The upstream version that we are compatible with comes first, our own after the `+`.
package struct VersionInfo: Sendable {
    package static let kubernetes = "1.36.3"
    package static let apus = "0.1.0"

    package var major = "1"
    package var minor = "36"
    package var gitVersion = "v\(kubernetes)+apus.\(apus)"
    package var gitCommit: String
    package var gitTreeState = "clean"
    package var buildDate: String
    package var compiler = "swiftc"
    package var platform: String

    package static let architecture: String = {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }()

    package init(gitCommit: String = "unknown", buildDate: String = "1970-01-01T00:00:00Z") {
        self.gitCommit = gitCommit
        self.buildDate = buildDate
        platform = "linux/\(Self.architecture)"
    }

    package var jsonBytes: [UInt8] {
        let json: JSONValue = [
            "major": .string(major), "minor": .string(minor), "emulationMajor": .string(major), "emulationMinor": .string(minor),
            "minCompatibilityMajor": "1", "minCompatibilityMinor": "35", "gitVersion": .string(gitVersion), "gitCommit": .string(gitCommit),
            "gitTreeState": .string(gitTreeState), "buildDate": .string(buildDate), "goVersion": "none", "compiler": .string(compiler),
            "platform": .string(platform),
        ]
        return json.serialized(pretty: true)
    }
}
