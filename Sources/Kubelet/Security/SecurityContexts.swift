import ContainerRuntime
import CoreV1
import Linux

/// Pod and container security settings as the runtime wants them.
struct SecurityContexts {
    var pod: Pod
    var seccompDefault: Bool
    /// Where `Localhost` seccomp profiles lie.
    var seccompDirectory: String

    static let maskedPaths = [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ]
    static let readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    // MARK: The sandbox

    func sandbox() -> CRILinuxSandboxSecurityContext {
        var result = CRILinuxSandboxSecurityContext()
        result.namespaceOptions = namespaces(targetID: nil)
        result.privileged = (pod.spec.initContainers + pod.spec.containers).contains { $0.securityContext?.privileged == true }
        result.seccomp = CRISecurityProfile.with(.runtimeDefault)
        if let context = pod.spec.securityContext {
            if let user = context.runAsUser { result.runAsUser = .with(user) }
            // The runtime refuses a group without a user.
            if let group = context.runAsGroup, context.runAsUser != nil { result.runAsGroup = .with(group) }
            result.supplementalGroups = supplementalGroups
            if context.supplementalGroupsPolicy == "Strict" { result.supplementalGroupsPolicy = .strict }
        }
        return result
    }

    // MARK: A container

    /// - Parameters:
    ///   - image: the user the image names, as number or as name.
    ///   - targetID: the container whose process namespace an ephemeral container joins.
    /// - Throws: `KubeletError` when the container must not run as root but would.
    func container(_ container: Container, image: ImageUser, targetID: String?) throws -> CRILinuxContainerSecurityContext {
        let own = container.securityContext
        let shared = pod.spec.securityContext
        var result = CRILinuxContainerSecurityContext()
        let privileged = own?.privileged ?? false
        result.privileged = privileged
        result.readonlyRootfs = own?.readOnlyRootFilesystem ?? false
        result.namespaceOptions = namespaces(targetID: targetID)

        if let user = own?.runAsUser ?? shared?.runAsUser {
            result.runAsUser = .with(user)
        } else if let user = image.uid {
            result.runAsUser = .with(user)
        } else if !image.username.isEmpty {
            result.runAsUsername = image.username
        }
        if let group = own?.runAsGroup ?? shared?.runAsGroup { result.runAsGroup = .with(group) }
        try checkNonRoot(container, image)
        result.supplementalGroups = supplementalGroups
        if shared?.supplementalGroupsPolicy == "Strict" { result.supplementalGroupsPolicy = .strict }

        var capabilities = CRICapability()
        capabilities.addCapabilities = own?.capabilities?.add ?? []
        capabilities.dropCapabilities = own?.capabilities?.drop ?? []
        result.capabilities = capabilities
        // A process that may already do everything gains nothing from being kept from gaining privileges.
        result.noNewPrivs = own?.allowPrivilegeEscalation == false && !privileged
        result.seccomp = privileged ? .with(.unconfined) : seccomp(own?.seccompProfile ?? shared?.seccompProfile)
        if let profile = own?.appArmorProfile ?? shared?.appArmorProfile, !privileged { result.apparmor = appArmor(profile) }
        if let options = own?.seLinuxOptions ?? shared?.seLinuxOptions {
            result.selinuxOptions.user = options.user ?? ""
            result.selinuxOptions.role = options.role ?? ""
            result.selinuxOptions.type = options.type ?? ""
            result.selinuxOptions.level = options.level ?? ""
        }
        if !privileged && own?.procMount != "Unmasked" {
            result.maskedPaths = SecurityContexts.maskedPaths
            result.readonlyPaths = SecurityContexts.readonlyPaths
        }
        return result
    }

    private func checkNonRoot(_ container: Container, _ image: ImageUser) throws {
        let own = container.securityContext
        let shared = pod.spec.securityContext
        guard own?.runAsNonRoot ?? shared?.runAsNonRoot ?? false else { return }
        let place = "(pod: \"\(pod.fullName)\", container: \(container.name))"
        if let user = own?.runAsUser ?? shared?.runAsUser {
            if user == 0 { throw KubeletError("container's runAsUser breaks non-root policy \(place)") }
            return
        }
        if let user = image.uid {
            if user == 0 { throw KubeletError("container has runAsNonRoot and image will run as root \(place)") }
        } else if !image.username.isEmpty {
            throw KubeletError(
                "container has runAsNonRoot and image has non-numeric user (\(image.username)), cannot verify user is non-root \(place)")
        } else {
            throw KubeletError("container has runAsNonRoot and image will run as root \(place)")
        }
    }

    // MARK: Shared parts

    private var supplementalGroups: [Int64] {
        guard let context = pod.spec.securityContext else { return [] }
        return context.supplementalGroups + (context.fsGroup.map { [$0] } ?? [])
    }

    private func namespaces(targetID: String?) -> CRINamespaceOption {
        var result = CRINamespaceOption()
        result.network = pod.usesHostNetwork ? .node : .pod
        result.ipc = pod.spec.hostIPC == true ? .node : .pod
        if pod.spec.hostPID == true {
            result.pid = .node
        } else if let targetID {
            result.pid = .target
            result.targetID = targetID
        } else if pod.spec.shareProcessNamespace == true {
            result.pid = .pod
        } else {
            result.pid = .container
        }
        return result
    }

    private func seccomp(_ profile: SeccompProfile?) -> CRISecurityProfile {
        switch profile?.type {
        case "RuntimeDefault": return .with(.runtimeDefault)
        case "Localhost": return .with(.localhost, Path.join(seccompDirectory, profile?.localhostProfile ?? ""))
        case "Unconfined": return .with(.unconfined)
        default: return .with(seccompDefault ? .runtimeDefault : .unconfined)
        }
    }

    private func appArmor(_ profile: AppArmorProfile) -> CRISecurityProfile {
        switch profile.type {
        case "Localhost": .with(.localhost, profile.localhostProfile ?? "")
        case "Unconfined": .with(.unconfined)
        default: .with(.runtimeDefault)
        }
    }
}

/// The user that an image asks to run as.
struct ImageUser: Sendable, Equatable {
    var uid: Int64?
    var username = ""
}

extension CRIInt64Value {
    static func with(_ value: Int64) -> CRIInt64Value {
        var result = CRIInt64Value()
        result.value = value
        return result
    }
}

extension CRISecurityProfile {
    static func with(_ type: CRISecurityProfile.ProfileType, _ reference: String = "") -> CRISecurityProfile {
        var result = CRISecurityProfile()
        result.profileType = type
        result.localhostRef = reference
        return result
    }
}
