import Synchronization

extension Schema {
    /// A schema that is found when it is needed, since types refer to each other and most are never used.
    package final class Reference: Sendable {
        /// As in `Schema.name`.
        package let name: String
        private let found = AtomicLazyReference<Schema>()

        /// A built-in type.
        init(_ name: String) {
            self.name = name
        }

        package init(_ schema: Schema) {
            name = schema.name
            _ = found.storeIfNil(schema)
        }

        /// nil when there is no such built-in type, which the tests rule out.
        package var schema: Schema? {
            if let schema = found.load() { return schema }
            guard let schema = Schema.named(name) else { return nil }
            return found.storeIfNil(schema)
        }
    }
}
