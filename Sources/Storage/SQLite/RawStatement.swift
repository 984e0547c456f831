import GRDB
import GRDBSQLite

/// A prepared statement, driven by SQLite's own calls: the store runs three for every write, and needs neither rows nor argument lists around them.
///
/// Good for as long as its connection is; to be used where the connection may be.
struct RawStatement {
    /// Keeps the statement prepared.
    private let owner: Statement
    private let pointer: OpaquePointer

    init(_ database: Database, _ sql: String) throws {
        owner = try database.cachedStatement(sql: sql)
        pointer = owner.sqliteStatement
    }

    /// Binds arguments in order, from the first.
    func bind(_ arguments: Argument...) throws {
        sqlite3_reset(pointer)
        for (index, argument) in arguments.enumerated() {
            let place = CInt(index + 1)
            let code: CInt
            switch argument {
            case .integer(let value):
                code = sqlite3_bind_int64(pointer, place, value)
            case .text(var value):
                code = value.withUTF8 { bytes in
                    bytes.withMemoryRebound(to: CChar.self) {
                        sqlite3_bind_text(pointer, place, $0.baseAddress, CInt($0.count), Self.copied)
                    }
                }
            case .bytes(let value):
                code = value.withUnsafeBytes { bytes in
                    // Without an address SQLite binds null, and an empty value is not the same as none.
                    bytes.isEmpty
                        ? sqlite3_bind_zeroblob(pointer, place, 0)
                        : sqlite3_bind_blob(pointer, place, bytes.baseAddress, CInt(bytes.count), Self.copied)
                }
            case .null:
                code = sqlite3_bind_null(pointer, place)
            }
            guard code == SQLITE_OK else { throw error(code) }
        }
    }

    enum Argument {
        case integer(Int64)
        case text(String)
        case bytes([UInt8])
        case null
    }

    /// Goes to the next row; false after the last one.
    func step() throws -> Bool {
        switch sqlite3_step(pointer) {
        case SQLITE_ROW:
            return true
        case SQLITE_DONE:
            sqlite3_reset(pointer)
            return false
        case let code:
            let failure = error(code)
            sqlite3_reset(pointer)
            throw failure
        }
    }

    /// Runs a statement that gives no rows.
    func run() throws {
        while try step() {}
    }

    /// To be called after stepping unless the last step said false: a statement left in the middle holds on to what it reads.
    func reset() {
        sqlite3_reset(pointer)
    }

    func integer(_ column: Int) -> Int64 {
        sqlite3_column_int64(pointer, CInt(column))
    }

    func text(_ column: Int) -> String {
        guard let start = sqlite3_column_text(pointer, CInt(column)) else { return "" }
        let count = Int(sqlite3_column_bytes(pointer, CInt(column)))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// nil for SQL's null.
    func bytes(_ column: Int) -> [UInt8]? {
        guard sqlite3_column_type(pointer, CInt(column)) != SQLITE_NULL else { return nil }
        let count = Int(sqlite3_column_bytes(pointer, CInt(column)))
        guard count > 0, let start = sqlite3_column_blob(pointer, CInt(column)) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// SQLITE_TRANSIENT, a cast that Swift does not import: SQLite makes a copy of its own.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    private func error(_ code: CInt) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(sqlite3_db_handle(pointer))))
    }
}
