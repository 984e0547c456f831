import JSON
import KubernetesAPI

extension Strategy {
    static let namespace = Strategy {
        $0.name = { NameValidation.dns1123Label($0) }
        $0.emptyStatus = ["phase": "Active"]
        $0.defaults = { namespace in
            let name = namespace.text("metadata", "name")
            if !name.isEmpty {
                namespace.editOrMake("metadata") { $0.editOrMake("labels") { $0["kubernetes.io/metadata.name"] = .string(name) } }
            }
        }
        $0.prepareCreate = { namespace, _ in
            // The server's own finalizer is always there: the namespace controller takes it away when the content is gone.
            namespace.editOrMake("spec") { spec in
                var finalizers = spec.list("finalizers")
                if !finalizers.contains("kubernetes") { finalizers.append("kubernetes") }
                spec["finalizers"] = .array(finalizers)
            }
            namespace.editOrMake("metadata") { metadata in
                let name = metadata.text("name")
                metadata.editOrMake("labels") { $0["kubernetes.io/metadata.name"] = .string(name) }
            }
        }
        $0.prepareUpdate = { namespace, old, _ in
            namespace.editOrMake("spec") { $0.take("finalizers", from: old["spec"] ?? [:]) }
        }
        $0.validateStatusUpdate = { namespace, _ in
            let deleting = namespace["metadata"]["deletionTimestamp"].exists
            let phase = namespace["status"]["phase"]
            if deleting, phase.string != "Terminating" { phase.invalid("may only be 'Terminating' if `deletionTimestamp` is not empty") }
            if !deleting, phase.string != "Active" { phase.invalid("may only be 'Active' if `deletionTimestamp` is empty") }
        }
        $0.updateSubresources = [
            "finalize": UpdateSubresource(prepare: { new, old in
                var merged = old
                merged["metadata"] = new["metadata"]
                merged.editOrMake("spec") { $0.take("finalizers", from: new["spec"] ?? [:]) }
                new = merged
            })
        ]
        // The namespace goes when its content is gone: the namespace controller then empties `spec.finalizers`.
        $0.isReleased = { $0.list("metadata", "finalizers").isEmpty && $0.list("spec", "finalizers").isEmpty }
        $0.markDeleted = { $0.editOrMake("status") { $0["phase"] = "Terminating" } }
        $0.selectableFields = ["status.phase": { $0.text("status", "phase") }, "name": { $0.text("metadata", "name") }]
        $0.table = TableView([.name, .text("Status"), .age]) { [.name, .value(.string($0.text("status", "phase"))), .age] }
    }
}
