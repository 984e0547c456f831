/// How a zone's clocks go on after the last change that its file lists: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct TimeZoneRule: Sendable, Equatable {
    /// The day and the time of a change, each year.
    struct Change: Sendable, Equatable {
        enum Day: Sendable, Equatable {
            /// The week (5 for the last) and weekday of a month.
            case weekday(month: Int64, week: Int64, weekday: Int64)
            /// 1 to 365, leap days never counted.
            case julian(Int64)
            /// 0 to 365.
            case ordinal(Int64)
        }

        var day: Day
        /// Seconds after midnight by the clock before the change; may lie outside of the day.
        var time: Int64

        /// Seconds since 1970, as if the clock before the change were UTC.
        func moment(in year: Int64) -> Int64 {
            let newYear = CivilTime.days(year: year, month: 1, day: 1)
            let days: Int64
            switch day {
            case .weekday(let month, let week, let weekday):
                let first = CivilTime.days(year: year, month: month, day: 1)
                var day = first + (weekday - CivilTime.weekday(days: first) + 7) % 7 + (week - 1) * 7
                if day >= first + CivilTime.days(inMonth: month, of: year) { day -= 7 }
                days = day
            case .julian(let number):
                let isLeap = CivilTime.days(inMonth: 2, of: year) == 29
                days = newYear + number - 1 + (isLeap && number >= 60 ? 1 : 0)
            case .ordinal(let number):
                days = newYear + number
            }
            return days * 86_400 + time
        }
    }

    /// Seconds east of UTC.
    var offset: Int64
    var summer: (offset: Int64, start: Change, end: Change)?

    static func == (a: Self, b: Self) -> Bool {
        a.offset == b.offset && a.summer?.offset == b.summer?.offset && a.summer?.start == b.summer?.start && a.summer?.end == b.summer?.end
    }

    /// Seconds east of UTC at a moment.
    func offset(at moment: Int64) -> Int64 {
        guard let summer else { return offset }
        let year = CivilTime.date(days: CivilTime.floorDivide(moment + offset, by: 86_400)).year
        let start = summer.start.moment(in: year) - offset
        let end = summer.end.moment(in: year) - summer.offset
        // South of the equator summer goes across the new year.
        let isSummer = start < end ? moment >= start && moment < end : moment >= start || moment < end
        return isSummer ? summer.offset : offset
    }

    /// nil when the text is not such a rule.
    init?(_ text: String) {
        var scanner = Scanner(bytes: Array(text.utf8))
        guard scanner.skipName(), let standard = scanner.time() else { return nil }
        offset = -standard
        if scanner.isAtEnd { return }
        guard scanner.skipName() else { return nil }
        var summerOffset = offset + 3600
        if !scanner.isAt(",") {
            guard let own = scanner.time() else { return nil }
            summerOffset = -own
        }
        guard let start = scanner.change(), let end = scanner.change(), scanner.isAtEnd else { return nil }
        summer = (summerOffset, start, end)
    }

    private struct Scanner {
        var bytes: [UInt8]
        var place = 0

        var isAtEnd: Bool { place >= bytes.count }

        func isAt(_ character: Unicode.Scalar) -> Bool { place < bytes.count && bytes[place] == UInt8(ascii: character) }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard isAt(character) else { return false }
            place += 1
            return true
        }

        /// `CET` or `<+0330>`.
        mutating func skipName() -> Bool {
            let start = place
            if take("<") {
                while !isAtEnd, !isAt(">") { place += 1 }
                return take(">")
            }
            while place < bytes.count, (bytes[place] | 0x20) >= UInt8(ascii: "a"), (bytes[place] | 0x20) <= UInt8(ascii: "z") { place += 1 }
            return place - start >= 3
        }

        mutating func number() -> Int64? {
            let start = place
            var value: Int64 = 0
            while place < bytes.count, place - start < 4, bytes[place] >= UInt8(ascii: "0"), bytes[place] <= UInt8(ascii: "9") {
                value = value * 10 + Int64(bytes[place] - UInt8(ascii: "0"))
                place += 1
            }
            return place > start ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time() -> Int64? {
            let isNegative = take("-")
            if !isNegative { _ = take("+") }
            guard var seconds = number().map({ $0 * 3600 }) else { return nil }
            for unit in [60, 1] as [Int64] where take(":") {
                guard let part = number() else { return nil }
                seconds += part * unit
            }
            return isNegative ? -seconds : seconds
        }

        /// `,M3.5.0/2`
        mutating func change() -> Change? {
            guard take(",") else { return nil }
            let day: Change.Day
            if take("M") {
                guard let month = number(), take("."), let week = number(), take("."), let weekday = number(), (1...12).contains(month),
                    (1...5).contains(week), weekday < 7
                else { return nil }
                day = .weekday(month: month, week: week, weekday: weekday)
            } else if take("J") {
                guard let number = number(), (1...365).contains(number) else { return nil }
                day = .julian(number)
            } else {
                guard let number = number(), number <= 365 else { return nil }
                day = .ordinal(number)
            }
            guard take("/") else { return Change(day: day, time: 7200) }
            return time().map { Change(day: day, time: $0) }
        }
    }
}
