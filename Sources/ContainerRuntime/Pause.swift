import CLinux

/// The program of a pod's first process, which holds the pod's namespaces open.
package enum Pause {
    /// Reaps children and returns when it is asked to end.
    package static func run() { apus_pause() }
}
