import JSON
import KubernetesAPI

extension Strategy {
    static let cronJob = Strategy {
        $0.name = { name in
            // The names of its jobs have eleven more characters.
            let complaints = NameValidation.dns1123Subdomain(name)
            return name.utf8.count > 52 ? complaints + ["must be no more than 52 characters"] : complaints
        }
        $0.defaults = { cron in
            cron.editOrMake("spec") { spec in
                spec.setDefaultString("concurrencyPolicy", "Allow")
                spec.setDefault("suspend", false)
                spec.setDefault("successfulJobsHistoryLimit", 3)
                spec.setDefault("failedJobsHistoryLimit", 1)
                spec.edit("jobTemplate") { template in
                    template.setDefault("metadata", [:])
                    template.editOrMake("spec") { job in
                        JobRules.podFailurePolicyDefaults(&job)
                        job.edit("template", PodSpecDefaults.applyToTemplate)
                    }
                }
            }
        }
        $0.validate = { cron in
            let spec = cron["spec"]
            let schedule = spec["schedule"]
            if schedule.string.isEmpty { schedule.required() } else if let why = CronSchedule.complaint(schedule.string) { schedule.invalid(why) }
            for field in ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"] { spec[field].nonNegative() }
            spec["concurrencyPolicy"].requiredOneOf(["Allow", "Forbid", "Replace"])
            JobRules.validate(spec["jobTemplate"]["spec"], hasSelector: false)
        }
        $0.generation = [["spec"]]
        $0.table = TableView([
            .name, .text("Schedule"), .text("Timezone"), .boolean("Suspend"), .integer("Active"), .text("Last Schedule"), .age,
            .text("Containers", wide: true), .text("Images", wide: true), .text("Selector", wide: true),
        ]) { cron in
            let (names, images) = TemplateRules.containerNamesAndImages(cron, ["spec", "jobTemplate", "spec", "template", "spec"])
            let last = cron.text("status", "lastScheduleTime")
            let zone = cron.text("spec", "timeZone")
            return [
                .name, .value(.string(cron.text("spec", "schedule"))), .value(.string(zone.isEmpty ? "<none>" : zone)),
                .value(.string(cron.at("spec", "suspend")?.boolValue == true ? "True" : "False")),
                .integer(Int64(cron.list("status", "active").count)), last.isEmpty ? .text("") : .since(last), .age, .value(.string(names)),
                .value(.string(images)), .text(LabelSelectorTree.text(cron.at("spec", "jobTemplate", "spec", "selector") ?? [:])),
            ]
        }
    }
}

/// Enough of the cron format to refuse what can never run.
enum CronSchedule {
    private static let fields: [(name: String, range: ClosedRange<Int>, names: [String])] = [
        ("minute", 0...59, []), ("hour", 0...23, []), ("day of month", 1...31, []),
        ("month", 1...12, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        ("day of week", 0...7, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    /// What is wrong with a schedule; nil when nothing is.
    static func complaint(_ schedule: String) -> String? {
        if schedule.hasPrefix("@") {
            let named = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]
            return named.contains(schedule) || schedule.hasPrefix("@every ") ? nil : "unrecognized descriptor: \(schedule)"
        }
        if schedule.hasPrefix("TZ=") || schedule.hasPrefix("CRON_TZ=") { return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead" }
        let parts = schedule.split(whereSeparator: \.isWhitespace)
        guard parts.count == 5 else { return "expected exactly 5 fields, found \(parts.count): [\(parts.joined(separator: " "))]" }
        for (part, field) in zip(parts, fields) {
            for item in part.lowercased().split(separator: ",", omittingEmptySubsequences: false) {
                if let why = complaint(item: item, field) { return why }
            }
        }
        return nil
    }

    private static func complaint(item: Substring, _ field: (name: String, range: ClosedRange<Int>, names: [String])) -> String? {
        let halves = item.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return "too many slashes: \(item)" }
        if halves.count == 2 {
            guard let step = Int(halves[1]) else { return "failed to parse int from \(halves[1])" }
            if step <= 0 { return "step of range should be a positive number: \(item)" }
        }
        if halves[0] == "*" || halves[0] == "?" { return nil }
        var numbers: [Int] = []
        for bound in halves[0].split(separator: "-", omittingEmptySubsequences: false) {
            if let index = field.names.firstIndex(of: String(bound)) {
                numbers.append(index + (field.name == "month" ? 1 : 0))
            } else if let number = Int(bound) {
                numbers.append(number)
            } else {
                return "failed to parse int from \(bound)"
            }
        }
        guard numbers.count <= 2 else { return "too many hyphens: \(item)" }
        for number in numbers {
            if number < field.range.lowerBound { return "beginning of range (\(number)) below minimum (\(field.range.lowerBound)): \(item)" }
            if number > field.range.upperBound { return "end of range (\(number)) above maximum (\(field.range.upperBound)): \(item)" }
        }
        if numbers.count == 2, numbers[0] > numbers[1] { return "beginning of range (\(numbers[0])) beyond end of range (\(numbers[1])): \(item)" }
        return nil
    }
}
