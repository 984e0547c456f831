import NIOCore

/// Nanoseconds of the monotonic clock.
func nanoseconds() -> UInt64 { NIODeadline.now().uptimeNanoseconds }

/// In seconds.
func elapsed(since start: UInt64) -> Double { Double(nanoseconds() - start) / 1e9 }
