/// The messages of `openapi.v2` (gnostic's OpenAPIv2.proto) that the document of the server uses.
///
/// One line a message: its name, then for each member the JSON name, the field number and the type. `*` stands for all members that are not named, each an
/// entry with its name as field 1 and the value as field 2; `x-` for vendor extensions. Types: `string`, `bool`, `double`, `integer`, `any` (YAML text),
/// `parameter`, another message; `[T]` is repeated; `N>T` a message with T as its field N.
enum OpenAPIMessages {
    private static let text = """
        Document swagger 1 string|info 2 Info|paths 8 Paths|definitions 9 Schemas|security 12 [SecurityRequirement]|securityDefinitions 13 SecurityDefinitions
        Info title 1 string|version 2 string|description 3 string
        Paths * 2 PathItem
        PathItem get 2 Operation|put 3 Operation|post 4 Operation|delete 5 Operation|options 6 Operation|head 7 Operation|patch 8 Operation|parameters 9 [parameter]|x- 10 any
        Operation tags 1 [string]|summary 2 string|description 3 string|operationId 5 string|produces 6 [string]|consumes 7 [string]|parameters 8 [parameter]|responses 9 Responses|schemes 10 [string]|deprecated 11 bool|x- 13 any
        Responses * 1 1>Response
        Response description 1 string|schema 2 1>Schema
        Reference $ref 1 string|description 2 string
        BodyParameter description 1 string|name 2 string|in 3 string|required 4 bool|schema 5 Schema|x- 6 any
        QueryParameter required 1 bool|in 2 string|description 3 string|name 4 string|type 6 string|format 7 string|uniqueItems 20 bool|x- 23 any
        PathParameter required 1 bool|in 2 string|description 3 string|name 4 string|type 5 string|format 6 string|uniqueItems 19 bool|x- 22 any
        Schemas * 1 Schema
        Schema $ref 1 string|format 2 string|title 3 string|description 4 string|default 5 any|multipleOf 6 double|maximum 7 double|exclusiveMaximum 8 bool|minimum 9 double|exclusiveMinimum 10 bool|maxLength 11 integer|minLength 12 integer|pattern 13 string|maxItems 14 integer|minItems 15 integer|uniqueItems 16 bool|maxProperties 17 integer|minProperties 18 integer|required 19 [string]|enum 20 [any]|additionalProperties 21 1>Schema|type 22 1>string|items 23 1>Schema|allOf 24 [Schema]|properties 25 Schemas|discriminator 26 string|readOnly 27 bool|example 30 any|x- 31 any
        SecurityRequirement * 1 Strings
        Strings value 1 [string]
        SecurityDefinitions * 1 2>APIKey
        APIKey type 1 string|name 2 string|in 3 string|description 4 string
        """

    indirect enum FieldType: Sendable {
        case string, bool, double, integer, any, parameter
        case message(String)
        case repeated(FieldType)
        case inside(Int, FieldType)
    }

    struct Field: Sendable {
        let number: Int
        let type: FieldType
    }

    /// The fields of a message by their names in JSON.
    typealias Message = [String: Field]

    static let all: [String: Message] = {
        var messages: [String: Message] = [:]
        for line in text.split(separator: "\n") {
            guard let space = line.firstIndex(of: " ") else { continue }
            var message: Message = [:]
            for member in line[line.index(after: space)...].split(separator: "|") {
                let parts = member.split(separator: " ")
                guard parts.count == 3, let number = Int(parts[1]) else { continue }
                message[String(parts[0])] = Field(number: number, type: type(parts[2]))
            }
            messages[String(line[..<space])] = message
        }
        return messages
    }()

    private static func type(_ text: Substring) -> FieldType {
        if text.first == "[" { return .repeated(type(text.dropFirst().dropLast())) }
        if let arrow = text.firstIndex(of: ">"), let number = Int(text[..<arrow]) { return .inside(number, type(text[text.index(after: arrow)...])) }
        switch text {
        case "string": return .string
        case "bool": return .bool
        case "double": return .double
        case "integer": return .integer
        case "any": return .any
        case "parameter": return .parameter
        default: return .message(String(text))
        }
    }
}
