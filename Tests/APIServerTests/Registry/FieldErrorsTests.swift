import JSON
import Testing

@testable import APIServer

@Suite struct FieldErrorsTests {
    /// Every way down, each with a mistake at its end where there is a bad value.
    private func check(_ object: JSONValue, _ errors: FieldErrors) {
        let root = Field(object, errors: errors)
        root["list"].each { if $0["x"].string == "bad" { $0["x"].invalid("is bad") } }
        root["map"].entries { _, value in if value.string == "bad" { value.invalid("is bad") } }
    }

    @Test func aValidObjectIsWalkedOnceAndWithoutPaths() {
        var walks = 0
        let mistakes = FieldErrors.collect { errors in
            walks += 1
            #expect(!errors.tracksPaths)
            check(["list": [["x": "good"]], "map": ["a": "good"]], errors)
        }
        #expect(mistakes.isEmpty && walks == 1)
    }

    @Test func mistakesKnowWhereTheyAre() {
        let mistakes = FieldErrors.collect { check(["list": [["x": "good"], ["x": "bad"]], "map": ["a": "bad"]], $0) }
        #expect(mistakes.map(\.field) == ["list[1].x", "map[a]"])
    }
}
