/// When a cron job runs: five fields, a name like `@daily`, or `@every 1h30m`.
package struct CronSchedule: Sendable, Equatable {
    private enum Form: Sendable, Equatable {
        /// Sets of bits.
        case fields(minutes: UInt64, hours: UInt64, days: UInt64, months: UInt64, weekdays: UInt64, isAnyDay: Bool)
        /// In seconds.
        case every(Int64)
    }

    private struct Field {
        var range: ClosedRange<Int>
        var names: [String] = []
    }

    private static let fields = [
        Field(range: 0...59), Field(range: 0...23), Field(range: 1...31),
        Field(range: 1...12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        Field(range: 0...6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    private static let named = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    private let form: Form

    package init(_ text: String) throws(CronScheduleError) {
        guard !text.isEmpty else { throw CronScheduleError("empty spec string") }
        if text.hasPrefix("@every ") {
            guard let seconds = Self.seconds(text.dropFirst(7)) else { throw CronScheduleError("failed to parse duration \(text)") }
            // Shorter than a second is a second.
            form = .every(max(1, seconds))
            return
        }
        if text.hasPrefix("@"), Self.named[text] == nil { throw CronScheduleError("unrecognized descriptor: \(text)") }
        let parts = (Self.named[text] ?? text).split(whereSeparator: \.isWhitespace)
        guard parts.count == 5 else {
            throw CronScheduleError("expected exactly 5 fields, found \(parts.count): [\(parts.joined(separator: " "))]")
        }
        var bits: [(bits: UInt64, isAny: Bool)] = []
        for (part, field) in zip(parts, Self.fields) { bits.append(try Self.bits(part, field)) }
        // Where both days are given, either will do.
        form = .fields(
            minutes: bits[0].bits, hours: bits[1].bits, days: bits[2].bits, months: bits[3].bits, weekdays: bits[4].bits,
            isAnyDay: bits[2].isAny || bits[4].isAny)
    }

    private static func bits(_ text: Substring, _ field: Field) throws(CronScheduleError) -> (bits: UInt64, isAny: Bool) {
        var bits: UInt64 = 0
        var isAny = false
        for item in text.lowercased().split(separator: ",") {
            let (range, step, star) = try self.range(item, field)
            for value in stride(from: range.lowerBound, through: range.upperBound, by: step) { bits |= 1 << UInt64(value) }
            if star { isAny = true }
        }
        return (bits, isAny)
    }

    private static func range(
        _ item: Substring, _ field: Field
    ) throws(CronScheduleError) -> (range: ClosedRange<Int>, step: Int, star: Bool) {
        let halves = item.split(separator: "/", omittingEmptySubsequences: false)
        let bounds = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        var (first, last) = (field.range.lowerBound, field.range.upperBound)
        var star = false
        if bounds[0] == "*" || bounds[0] == "?" {
            star = true
        } else {
            first = try number(bounds[0], field)
            switch bounds.count {
            case 1: last = first
            case 2: last = try number(bounds[1], field)
            default: throw CronScheduleError("too many hyphens: \(item)")
            }
        }
        var step = 1
        switch halves.count {
        case 1: break
        case 2:
            step = try number(halves[1], Field(range: 0...Int.max))
            // `N/step` is from N on.
            if bounds.count == 1, !star { last = field.range.upperBound }
            if step > 1 { star = false }
        default: throw CronScheduleError("too many slashes: \(item)")
        }
        if first < field.range.lowerBound {
            throw CronScheduleError("beginning of range (\(first)) below minimum (\(field.range.lowerBound)): \(item)")
        }
        if last > field.range.upperBound { throw CronScheduleError("end of range (\(last)) above maximum (\(field.range.upperBound)): \(item)") }
        if first > last { throw CronScheduleError("beginning of range (\(first)) beyond end of range (\(last)): \(item)") }
        if step == 0 { throw CronScheduleError("step of range should be a positive number: \(item)") }
        return (first...last, step, star)
    }

    private static func number(_ text: Substring, _ field: Field) throws(CronScheduleError) -> Int {
        if let index = field.names.firstIndex(of: String(text)) { return index + field.range.lowerBound }
        guard let number = Int(text) else { throw CronScheduleError("failed to parse int from \(text)") }
        if number < 0 { throw CronScheduleError("negative number (\(number)) not allowed: \(text)") }
        return number
    }

    /// `1h30m10s` in seconds; nil when it is no such text.
    private static func seconds(_ text: Substring) -> Int64? {
        var rest = text[...]
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            guard let number = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !$0.isNumber && $0 != "." }
            rest = rest.dropFirst(unit.count)
            switch unit {
            case "h": total += number * 3600
            case "m": total += number * 60
            case "s": total += number
            case "ms": total += number / 1000
            case "us", "µs", "ns": break
            default: return nil
            }
        }
        return total < 1e10 ? Int64(total) : nil
    }

    /// The first time after a moment, both in seconds since 1970; nil when there is none within five years.
    package func next(after moment: Int64, in zone: TimeZoneTable = .utc) -> Int64? {
        guard case .fields(let minutes, let hours, let days, let months, let weekdays, let isAnyDay) = form else {
            guard case .every(let seconds) = form else { return nil }
            return moment + seconds
        }
        func has(_ bits: UInt64, _ value: Int64) -> Bool { bits & 1 << UInt64(value) != 0 }
        // Whole minutes of real time; what the clock on the wall shows follows from the zone.
        var time = (CivilTime.floorDivide(moment, by: 60) + 1) * 60
        let end = time + 5 * 366 * 86_400
        while time < end {
            let offset = zone.offset(at: time)
            let local = time + offset
            let day = CivilTime.floorDivide(local, by: 86_400)
            let date = CivilTime.date(days: day)
            let second = local - day * 86_400
            let (onDay, onWeekday) = (has(days, date.day), has(weekdays, CivilTime.weekday(days: day)))
            guard has(months, date.month), isAnyDay ? onDay && onWeekday : onDay || onWeekday else {
                time = Self.startOfNextDay(after: day, from: time, zone)
                continue
            }
            guard has(hours, second / 3600) else {
                // To the next full hour, but not past a change of the clocks: half hours exist.
                let hour = time + 3600 - second % 3600
                time = zone.offset(at: hour) == offset ? hour : time + 60 * (15 - second / 60 % 15)
                continue
            }
            if has(minutes, second % 3600 / 60) { return time }
            time += 60
        }
        return nil
    }

    /// The moment at which the day after `day` begins, found from a moment within `day`.
    private static func startOfNextDay(after day: Int64, from time: Int64, _ zone: TimeZoneTable) -> Int64 {
        let midnight = (day + 1) * 86_400
        var start = midnight - zone.offset(at: time)
        // The clocks may change on the way; the day begins by those that hold then.
        start = max(time + 60, midnight - zone.offset(at: start))
        return CivilTime.floorDivide(start + zone.offset(at: start), by: 86_400) > day ? start : start + 3600
    }
}

package struct CronScheduleError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
