import Logging
package import Storage

/// A store on etcd that runs without a service group until it is closed.
package final class RunningEtcdStore: Sendable {
    package let store: EtcdStore
    private let running: Task<Void, any Error>

    package init(_ endpoints: [EtcdEndpoint], configure: (inout EtcdConfiguration) -> Void = { _ in }) throws {
        var configuration = EtcdConfiguration(endpoints: endpoints)
        // On a busy machine an answer takes its time, and that is not what these tests are about.
        configuration.attempt = .seconds(20)
        configure(&configuration)
        var logger = Logger(label: "test")
        logger.logLevel = .error
        let store = try EtcdStore(configuration, logger: logger)
        self.store = store
        running = Task { try await store.run() }
    }

    deinit { close() }

    /// Returns when etcd answers.
    package func waitUntilReady() async throws {
        while true {
            do {
                return try await store.catchUp()
            } catch StoreError.inputOutput {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    package func close() {
        store.close()
        running.cancel()
    }
}
