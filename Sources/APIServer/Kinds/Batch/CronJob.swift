import JSON
import KubernetesAPI

extension Strategy {
    static let cronJob = Strategy {
        $0.warnings = PodWarnings.inObject(at: ["spec", "jobTemplate", "spec", "template"])
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
            CronJobRules.schedule(spec["schedule"])
            CronJobRules.timeZone(spec["timeZone"])
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

private enum CronJobRules {
    static func schedule(_ schedule: Field) {
        if schedule.string.isEmpty {
            schedule.required()
            return
        }
        if schedule.string.contains("TZ") {
            return schedule.invalid("cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
        }
        do throws(CronScheduleError) {
            _ = try CronSchedule(schedule.string)
        } catch {
            schedule.invalid(error.description)
        }
    }

    static func timeZone(_ zone: Field) {
        guard zone.exists else { return }
        let name = zone.string
        if name.isEmpty { return zone.invalid("timeZone must be nil or non-empty string") }
        if name.lowercased() == "local" {
            return zone.invalid("timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")
        }
        if TimeZoneTable(named: name) == nil { zone.invalid("unknown time zone \(name)") }
    }
}
