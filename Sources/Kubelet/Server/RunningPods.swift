import CoreV1
import KubernetesAPI

/// `/runningpods/`: what the runtime runs, each pod with no more than is known there.
enum RunningPods {
    static func list(_ registry: PodRegistry) -> [Pod] {
        registry.all.compactMap { entry in
            let running = entry.observed.containers.filter { $0.state == .running }
            guard !running.isEmpty else { return nil }
            return Pod {
                $0.metadata.name = entry.pod.name
                $0.metadata.namespace = entry.pod.namespace
                $0.metadata.uid = entry.pod.uid
                $0.spec.containers = running.sorted { $0.name < $1.name }.map { container in
                    Container {
                        $0.name = container.name
                        $0.image = container.image
                    }
                }
            }
        }.sorted { $0.key < $1.key }
    }
}
