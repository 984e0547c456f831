import Glibc
import JSON
import Linux

extension Phase {
    static let preflight = Phase(name: "preflight", summary: "Run pre-flight checks") { settings, _ in
        Say.line("[preflight] Running pre-flight checks")
        let runtime = await RuntimeProbe.ask(settings.criSocket)
        let findings = await InitChecks.machine(settings).findings() + InitChecks.capacity(settings) + [runtime.problem].compactMap { $0 }
        try Finding.judge(
            findings + CgroupDriver.findings(runtime, wanted: settings.kubelet["cgroupDriver"]?.stringValue), ignored: settings.ignoredChecks)
        if settings.image == KubeadmImages.controlPlane, runtime.problem == nil,
            !Rehearsal.instead("make the image of the control plane out of this program")
        {
            Say.line("[preflight] Making the image of the control plane out of this program: no registry is needed")
            let etcd = settings.store.local == nil ? nil : try await KubeadmImages.etcd()
            try await KubeadmImages.ensure(socket: settings.criSocket, folder: KubeadmImages.folder, etcd: etcd)
        }
    }
}

/// What must be so before a control plane can be set up, under upstream's names.
enum InitChecks {
    /// What upstream asks for; less is slow.
    static let processorsMin = 2
    static let memoryMin: Int64 = 1700 << 20

    static func machine(_ settings: InitSettings) -> MachineChecks {
        let hasEtcd = settings.store.local != nil
        return MachineChecks(
            nodeName: settings.nodeName,
            ports: [settings.bindPort, 10259, 10257, 10250] + (hasEtcd ? [LocalEtcd.clientPort, LocalEtcd.peerPort] : []),
            absentFiles: (ControlPlaneManifests.components + [EtcdManifest.name]).map { "\(settings.manifests)/\($0).yaml" },
            emptyFolders: settings.store.local.map { [$0.dataFolder] } ?? [], programs: hasEtcd ? ["etcd"] : [],
            failsOnSwap: settings.kubelet["failSwapOn"]?.boolValue == true)
    }

    static func capacity(_ settings: InitSettings) -> [Finding] {
        var found: [Finding] = []
        let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        if processors < processorsMin {
            found.append(.warning("NumCPU", "the number of available CPUs \(processors) is less than the required \(processorsMin): it will be slow"))
        }
        let memory = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
        if memory < memoryMin {
            found.append(
                .warning("Mem", "the system RAM (\(memory >> 20) MB) is less than the minimum \(memoryMin >> 20) MB: there is little room for pods"))
        }
        return found
    }
}
