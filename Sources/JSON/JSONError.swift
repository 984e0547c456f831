/// Why a document, or a part of it, could not be read.
@usableFromInline package struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// The bytes are not JSON.
        case syntax
        /// The bytes end inside a value.
        case unexpectedEnd
        /// A string is not valid UTF-8.
        case invalidUTF8
        /// Objects and arrays are nested deeper than `JSONReader.Options.maximumDepth`.
        case tooDeep
        /// The value is valid JSON of another type than the reader asked for.
        case typeMismatch
        /// A number does not fit the type that the reader asked for.
        case outOfRange
        /// The value has the right JSON type and is not acceptable for another reason (bad base64, a malformed quantity...).
        case invalidValue
    }

    package var kind: Kind
    /// Offset in bytes from the start of the document to where the problem was seen.
    package var offset: Int
    /// What is wrong, without the place.
    package var message: String
    /// Where in the document, as `spec.containers[0].image`; empty at the root; nil when unknown.
    package var path: String?

    package init(_ kind: Kind, at offset: Int, _ message: String, path: String? = nil) {
        self.kind = kind
        self.offset = offset
        self.message = message
        self.path = path
    }

    @usableFromInline package var description: String {
        if let path, !path.isEmpty {
            return "\(path): \(message) (at byte \(offset))"
        }
        return "\(message) (at byte \(offset))"
    }
}
