extension Selector {
    /// The syntax of `labelSelector=` in queries: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`, joined by commas.
    package init(parsing text: String) throws(SelectorError) {
        var parser = Parser(tokens: Lexer.tokens(of: Array(text.utf8)))
        self.init(requirements: try parser.requirements())
    }
}

private enum TokenKind {
    case end, closeParenthesis, comma, not, doubleEquals, equals, greaterThan, identifier, `in`, lessThan, notEquals, notIn, openParenthesis
}

private struct Token {
    var kind: TokenKind
    var text: String
}

private struct Lexer {
    /// All tokens; the last is always the end.
    static func tokens(of bytes: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var place = 0
        // A NUL ends the text, as upstream's lexer has it.
        while place < bytes.count, bytes[place] != 0 {
            if isSpace(bytes[place]) {
                place += 1
            } else if let kind = symbol(bytes[place]) {
                var token = Token(kind: kind, text: String(decoding: [bytes[place]], as: UTF8.self))
                place += 1
                if place < bytes.count, bytes[place] == UInt8(ascii: "="), kind == .equals || kind == .not {
                    token = kind == .equals ? Token(kind: .doubleEquals, text: "==") : Token(kind: .notEquals, text: "!=")
                    place += 1
                }
                tokens.append(token)
            } else {
                let start = place
                while place < bytes.count, bytes[place] != 0, !isSpace(bytes[place]), symbol(bytes[place]) == nil { place += 1 }
                let text = String(decoding: bytes[start..<place], as: UTF8.self)
                tokens.append(Token(kind: text == "in" ? .in : text == "notin" ? .notIn : .identifier, text: text))
            }
        }
        tokens.append(Token(kind: .end, text: ""))
        return tokens
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private static func symbol(_ byte: UInt8) -> TokenKind? {
        switch byte {
        case UInt8(ascii: "="): .equals
        case UInt8(ascii: "!"): .not
        case UInt8(ascii: "("): .openParenthesis
        case UInt8(ascii: ")"): .closeParenthesis
        case UInt8(ascii: ","): .comma
        case UInt8(ascii: ">"): .greaterThan
        case UInt8(ascii: "<"): .lessThan
        default: nil
        }
    }
}

private struct Parser {
    let tokens: [Token]
    var place = 0

    init(tokens: [Token]) { self.tokens = tokens }

    /// The next token. Where a key or value may stand, `in` and `notin` are ordinary words.
    private func peek(keywords: Bool = false) -> Token {
        var token = tokens[min(place, tokens.count - 1)]
        if !keywords && (token.kind == .in || token.kind == .notIn) { token.kind = .identifier }
        return token
    }

    private mutating func take(keywords: Bool = false) -> Token {
        let token = peek(keywords: keywords)
        place += 1
        return token
    }

    mutating func requirements() throws(SelectorError) -> [Selector.Requirement] {
        var requirements: [Selector.Requirement] = []
        while true {
            let next = peek()
            switch next.kind {
            case .end:
                return requirements
            case .identifier, .not:
                do throws(SelectorError) {
                    requirements.append(try requirement())
                } catch {
                    throw SelectorError("unable to parse requirement: \(error)")
                }
            default:
                throw SelectorError("found '\(next.text)', expected: !, identifier, or 'end of string'")
            }
            let separator = take()
            switch separator.kind {
            case .end:
                return requirements
            case .comma:
                let next = peek()
                guard next.kind == .identifier || next.kind == .not else {
                    throw SelectorError("found '\(next.text)', expected: identifier after ','")
                }
            default:
                throw SelectorError("found '\(separator.text)', expected: ',' or 'end of string'")
            }
        }
    }

    private mutating func requirement() throws(SelectorError) -> Selector.Requirement {
        var token = take()
        let negated = token.kind == .not
        if negated { token = take() }
        guard token.kind == .identifier else { throw SelectorError("found '\(token.text)', expected: identifier") }
        let key = token.text
        let problems = NameValidation.qualifiedName(key)
        guard problems.isEmpty else {
            // The place that upstream names here is that of a path which is never set.
            throw SelectorError("<nil>: Invalid value: \(key.goQuoted): \(problems.joined(separator: "; "))")
        }
        if negated { return try Selector.Requirement(key, .doesNotExist, []) }
        let next = peek().kind
        if next == .end || next == .comma { return try Selector.Requirement(key, .exists, []) }
        let op = try self.operator()
        let values = op == .in || op == .notIn ? try self.values() : [try exactValue()]
        return try Selector.Requirement(key, op, Set(values).sorted())
    }

    private mutating func `operator`() throws(SelectorError) -> Selector.Operator {
        let token = take(keywords: true)
        switch token.kind {
        case .in: return .in
        case .notIn: return .notIn
        case .equals: return .equals
        case .doubleEquals: return .doubleEquals
        case .notEquals: return .notEquals
        case .greaterThan: return .greaterThan
        case .lessThan: return .lessThan
        default: throw SelectorError("found '\(token.text)', expected: in, notin, =, ==, !=, gt, lt")
        }
    }

    private mutating func values() throws(SelectorError) -> [String] {
        let opening = take()
        guard opening.kind == .openParenthesis else { throw SelectorError("found '\(opening.text)' expected: '('") }
        let first = peek()
        switch first.kind {
        case .closeParenthesis:
            _ = take()
            return [""]
        case .identifier, .comma:
            let values = try identifiers()
            let closing = take()
            guard closing.kind == .closeParenthesis else { throw SelectorError("found '\(closing.text)', expected: ')'") }
            return values
        default:
            throw SelectorError("found '\(first.text)', expected: ',', ')' or identifier")
        }
    }

    /// Up to the closing parenthesis, which is left; nothing between commas is the empty value.
    private mutating func identifiers() throws(SelectorError) -> [String] {
        var values: [String] = []
        while true {
            let token = take()
            switch token.kind {
            case .identifier:
                values.append(token.text)
                let next = peek()
                switch next.kind {
                case .comma: continue
                case .closeParenthesis: return values
                default: throw SelectorError("found '\(next.text)', expected: ',' or ')'")
                }
            case .comma:
                if values.isEmpty { values.append("") }
                let next = peek().kind
                if next == .closeParenthesis {
                    values.append("")
                    return values
                }
                if next == .comma { values.append("") }
            default:
                throw SelectorError("found '\(token.text)', expected: ',', or identifier")
            }
        }
    }

    private mutating func exactValue() throws(SelectorError) -> String {
        let next = peek().kind
        if next == .end || next == .comma { return "" }
        let token = take()
        guard token.kind == .identifier else { throw SelectorError("found '\(token.text)', expected: identifier") }
        return token.text
    }
}
