/// One line of a container's log file as runtimes write it: `time stream tags content`.
struct LogLine: Equatable {
    enum Stream: Equatable { case stdout, stderr }

    /// RFC 3339 with nanoseconds, as written.
    var time: ArraySlice<UInt8>
    var stream: Stream
    /// The line goes on in the next one: the container wrote no line end here.
    var isPartial: Bool
    /// Without the line end.
    var content: ArraySlice<UInt8>

    /// - Parameter bytes: one line, without its line end. nil for what is no log line.
    init?(_ bytes: ArraySlice<UInt8>) {
        let blank = UInt8(ascii: " ")
        guard let first = bytes.firstIndex(of: blank) else { return nil }
        time = bytes[..<first]
        var rest = bytes[(first + 1)...]
        guard let second = rest.firstIndex(of: blank) else { return nil }
        switch rest[..<second] {
        case ArraySlice("stdout".utf8): stream = .stdout
        case ArraySlice("stderr".utf8): stream = .stderr
        default: return nil
        }
        rest = rest[(second + 1)...]
        // Only the first of several tags, joined by colons, matters.
        let tagsEnd = rest.firstIndex(of: blank) ?? rest.endIndex
        guard let tag = rest[..<tagsEnd].first else { return nil }
        isPartial = tag == UInt8(ascii: "P")
        content = tagsEnd < rest.endIndex ? rest[(tagsEnd + 1)...] : []
    }
}

/// What a reader of logs asks for.
struct LogOptions: Sendable, Equatable {
    var tailLines: Int?
    var limitBytes: Int?
    /// Only lines at or after this moment.
    var since: Timestamp?
    var timestamps = false
    var follow = false
    var previous = false
    /// nil: both.
    var onlyStream: OnlyStream?

    enum OnlyStream: Sendable, Equatable { case stdout, stderr }

    init() {}
}

/// Turns lines of a log file into what the reader gets.
struct LogFormatter {
    var options: LogOptions
    private(set) var written = 0
    private var continuesLine = false

    init(options: LogOptions) {
        self.options = options
    }

    var isFull: Bool { options.limitBytes.map { written >= $0 } ?? false }

    /// Appends the line's output to `output`, as far as the options let it through.
    mutating func format(_ line: LogLine, into output: inout [UInt8]) {
        if isFull { return }
        switch options.onlyStream {
        case .stdout where line.stream != .stdout, .stderr where line.stream != .stderr: return
        default: break
        }
        if let since = options.since, let time = RFC3339.parse(line.time), time < since { return }
        let start = output.count
        if options.timestamps && !continuesLine {
            output.append(contentsOf: line.time)
            output.append(UInt8(ascii: " "))
        }
        output.append(contentsOf: line.content)
        if !line.isPartial { output.append(UInt8(ascii: "\n")) }
        continuesLine = line.isPartial
        if let limit = options.limitBytes, written + (output.count - start) > limit {
            output.removeLast(written + (output.count - start) - limit)
        }
        written += output.count - start
    }
}
