import NIOCore

/// What the client asked for (RFC 9113, section 6.5), as far as it concerns who sends.
struct HTTP2PeerSettings {
    static let windowMax = Int(Int32.max)

    /// How much of a stream's body may be under way when the stream begins.
    private(set) var initialWindow = 65_535
    private(set) var payloadBytesMax = HTTP2Frame.payloadBytesStandard

    /// What the client wants to be different from now on.
    struct Change {
        /// By how much the windows of open streams grow or shrink.
        var windowDelta = 0
        var changesHeaderTable = false
    }

    mutating func apply(_ payload: ByteBuffer) throws(HTTP2Violation) -> Change {
        var payload = payload
        var change = Change()
        guard payload.readableBytes % 6 == 0 else { throw HTTP2Violation(.frameSizeError, "settings come in six bytes each") }
        while let (id, value) = payload.readMultipleIntegers(as: (UInt16, UInt32).self) {
            switch id {
            case 1:
                change.changesHeaderTable = true
            case 2:
                guard value <= 1 else { throw HTTP2Violation(.protocolError, "ENABLE_PUSH is 0 or 1") }
            case 4:
                guard value <= UInt32(Int32.max) else { throw HTTP2Violation(.flowControlError, "INITIAL_WINDOW_SIZE is too large") }
                change.windowDelta += Int(value) - initialWindow
                initialWindow = Int(value)
            case 5:
                guard value >= 16_384, value <= 16_777_215 else { throw HTTP2Violation(.protocolError, "MAX_FRAME_SIZE is out of range") }
                payloadBytesMax = Int(value)
            default:
                break
            }
        }
        return change
    }
}

/// Counts what a client may do only so often in a span of time.
struct HTTP2FloodGuard {
    private let limit: Int
    private var count = 0
    private var spanStart = NIODeadline.uptimeNanoseconds(0)
    private static let span = TimeAmount.seconds(30)

    init(limit: Int) { self.limit = limit }

    mutating func add(now: NIODeadline = .now()) throws(HTTP2Violation) {
        if now - spanStart > Self.span {
            spanStart = now
            count = 0
        }
        count += 1
        if count > limit { throw HTTP2Violation(.enhanceYourCalm, "too many frames that only cost") }
    }
}

/// How much the client may send before it must wait for us; grown again as what it sent is taken.
struct HTTP2ReceiveWindow {
    private let target: Int
    private var open: Int
    private var taken = 0

    init(target: Int) {
        self.target = target
        open = target
    }

    /// - Returns: by how much to tell the client that the window has grown; 0 for not now.
    mutating func take(_ bytes: Int) throws(HTTP2Violation) -> Int {
        open -= bytes
        guard open >= 0 else { throw HTTP2Violation(.flowControlError, "more data than the window allows") }
        taken += bytes
        guard taken >= target / 2 else { return 0 }
        defer { taken = 0 }
        open += taken
        return taken
    }
}
