import Glibc
import Linux
import Testing

@Suite struct LedgerTests {
    let folder: String

    init() throws {
        var template = Array("/tmp/apus-ledger-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    @Test func whatIsRecordedIsRemovedInReverseOrder() async throws {
        let path = "\(folder)/ledger"
        let made = "\(folder)/outside"
        do {
            let ledger = try Ledger(path: path)
            try ledger.record(.directory(made))
            try Files.makeDirectory(made)
            try ledger.record(.file("\(made)/a"))
            try Files.writeAtomically("\(made)/a", "x")
            try ledger.record(.file("\(made)/a"))
            try ledger.record(.file("\(made)/never-made"))
            #expect(ledger.entries.count == 3)
        }
        let again = try Ledger(path: path)
        #expect(again.entries == [.directory(made), .file("\(made)/a"), .file("\(made)/never-made")])
        let failures = await again.undoAll()
        #expect(failures.isEmpty)
        #expect(!Files.exists(made))
        #expect(try Ledger(path: path).entries.isEmpty)
        try Files.removeTree(folder)
    }

    @Test func aSettingGoesBackToItsFirstValue() async throws {
        let setting = "\(folder)/setting"
        try Files.writeAtomically(setting, "0")
        let ledger = try Ledger(path: "\(folder)/ledger")
        try ledger.set(setting, to: "1")
        try ledger.set(setting, to: "2")
        try ledger.set(setting, to: "2")
        #expect(ledger.entries == [.setting(path: setting, previous: "0")])
        #expect(try Files.readText(setting) == "2")
        _ = await ledger.undoAll()
        #expect(try Files.readText(setting) == "0")
        try Files.removeTree(folder)
    }

    @Test func aSharedFolderThatIsNotEmptyStays() async throws {
        let shared = "\(folder)/shared"
        try Files.makeDirectory(shared)
        try Files.writeAtomically("\(shared)/theirs", "x")
        let ledger = try Ledger(path: "\(folder)/ledger")
        try ledger.record(.directory(shared))
        #expect(await ledger.undoAll().isEmpty)
        #expect(Files.exists("\(shared)/theirs"))
        try Files.removeTree(folder)
    }

    @Test func aLineCutOffByACrashIsNoError() throws {
        let path = "\(folder)/ledger"
        try Files.writeAtomically(path, "{\"kind\":\"file\",\"target\":\"/x\"}\n{\"kind\":\"fi")
        #expect(try Ledger(path: path).entries == [.file("/x")])
        try Files.writeAtomically(path, "{\"kind\":\"planet\",\"target\":\"/x\"}\n")
        #expect(throws: (any Error).self) { try Ledger(path: path) }
        try Files.removeTree(folder)
    }
}
