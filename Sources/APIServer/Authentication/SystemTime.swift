#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The wall clock in seconds since 1970. What authentication compares the life of tokens and certificates with; tests hand in another.
package func systemSeconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec)
}
