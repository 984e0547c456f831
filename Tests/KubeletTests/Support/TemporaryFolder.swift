import Glibc
import Linux
import Testing

@testable import Kubelet

/// A folder that is gone when the test is.
func withTemporaryFolder<T>(_ body: (String) async throws -> T) async throws -> T {
    var template = Array("/tmp/kubelet-test-XXXXXX".utf8CString)
    let path = template.withUnsafeMutableBufferPointer { buffer -> String? in
        guard let base = buffer.baseAddress, let made = mkdtemp(base) else { return nil }
        return String(cString: made)
    }
    let folder = try #require(path)
    defer { try? Files.removeTree(folder) }
    return try await body(folder)
}
