import KubernetesAPI
import Testing

private func seconds(_ text: String) -> Int64 { Time(text)?.seconds ?? -1 }

@Suite struct CronScheduleTests {
    @Test(arguments: [
        ("* * * * *", "2025-06-15T15:06:40Z", "2025-06-15T15:07:00Z"),
        ("* * * * *", "2025-06-15T15:07:00Z", "2025-06-15T15:08:00Z"),
        ("0/15 * * * *", "2025-06-15T15:16:00Z", "2025-06-15T15:30:00Z"),
        ("5-7/2,50 * * * *", "2025-06-15T15:05:00Z", "2025-06-15T15:07:00Z"),
        ("30 8 * JUL ?", "2025-06-15T15:00:00Z", "2025-07-01T08:30:00Z"),
        ("0 0 1 * MON", "2025-06-15T15:00:00Z", "2025-06-16T00:00:00Z"),
        ("0 0 */2 * MON", "2025-06-15T15:00:00Z", "2025-06-16T00:00:00Z"),
        ("0 0 29 2 *", "2025-06-15T15:00:00Z", "2028-02-29T00:00:00Z"),
        ("@hourly", "2025-06-15T15:00:00Z", "2025-06-15T16:00:00Z"),
        ("@weekly", "2025-06-15T15:00:00Z", "2025-06-22T00:00:00Z"),
        ("@yearly", "2025-06-15T15:00:00Z", "2026-01-01T00:00:00Z"),
        ("@every 1h30m", "2025-06-15T15:00:10Z", "2025-06-15T16:30:10Z"),
    ])
    func theNextTime(schedule: String, after: String, expected: String) throws {
        #expect(try CronSchedule(schedule).next(after: seconds(after)) == seconds(expected))
    }

    @Test func someTimesNeverCome() throws {
        #expect(try CronSchedule("0 0 30 2 *").next(after: 0) == nil)
    }

    @Test(arguments: [
        // The clocks of New York go from 2:00 to 3:00 on 9 March 2025 and from 2:00 back to 1:00 on 2 November.
        ("30 2 * * *", "America/New_York", "2025-03-08T08:00:00Z", "2025-03-10T06:30:00Z"),
        ("0 3 * * *", "America/New_York", "2025-03-09T06:00:00Z", "2025-03-09T07:00:00Z"),
        ("0 * * * *", "America/New_York", "2025-03-09T06:30:00Z", "2025-03-09T07:00:00Z"),
        ("30 1 * * *", "America/New_York", "2025-11-02T05:00:00Z", "2025-11-02T05:30:00Z"),
        ("30 1 * * *", "America/New_York", "2025-11-02T05:30:00Z", "2025-11-02T06:30:00Z"),
        ("0 0 * * *", "America/New_York", "2025-11-02T05:00:00Z", "2025-11-03T05:00:00Z"),
        // Far beyond what the files list change by change.
        ("0 12 * * *", "Europe/Berlin", "2049-07-01T11:00:00Z", "2049-07-02T10:00:00Z"),
        ("0 12 * * *", "Australia/Sydney", "2049-01-10T00:00:00Z", "2049-01-10T01:00:00Z"),
        ("15 9 * * *", "Asia/Kathmandu", "2025-06-15T00:00:00Z", "2025-06-15T03:30:00Z"),
        // The day has no midnight.
        ("0 0 * * *", "America/Asuncion", "2022-10-01T12:00:00Z", "2022-10-03T03:00:00Z"),
    ])
    func theNextTimeByTheClockOnTheWall(schedule: String, zone: String, after: String, expected: String) throws {
        let zone = try #require(TimeZoneTable(named: zone))
        #expect(try CronSchedule(schedule).next(after: seconds(after), in: zone) == seconds(expected))
    }

    @Test(arguments: [
        ("", "empty spec string"), ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"), ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"), ("5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3"),
        ("*/0 * * * *", "step of range should be a positive number: */0"), ("x * * * *", "failed to parse int from x"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"), ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("@sometimes", "unrecognized descriptor: @sometimes"), ("@every soon", "failed to parse duration @every soon"),
    ])
    func whatIsWrongIsSaid(schedule: String, complaint: String) {
        #expect(throws: CronScheduleError.self) { try CronSchedule(schedule) }
        do { _ = try CronSchedule(schedule) } catch { #expect("\(error)" == complaint) }
    }

    @Test(arguments: ["Mars/Olympus", "../../../etc/passwd", "/etc/localtime", "Europe", "a\u{0}b"])
    func whatIsNoZone(name: String) {
        #expect(TimeZoneTable(named: name) == nil)
    }
}
