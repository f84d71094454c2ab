import MiphaChat
import MiphaFiles
import Testing

/// The text before the stop text that is complete first, found by looking at every end.
private func naive(_ text: [UInt8], _ stops: [String]) -> (text: [UInt8], stop: String?) {
    for end in 0...text.count {
        let head = text[..<end]
        let found = stops.filter {
            !$0.isEmpty && head.suffix($0.utf8.count).elementsEqual($0.utf8)
        }
        if let longest = found.max(by: { $0.utf8.count < $1.utf8.count }) {
            return (Array(head.dropLast(longest.utf8.count)), longest)
        }
    }
    return (text, nil)
}

@Suite struct StopMatcherTests {
    @Test func `random splits give what a search of the whole text gives`() throws {
        var generator = SplitMix64(seed: 4)
        let alphabet = ["a", "b", "é", "<", "|", "\n"]
        func random(_ range: ClosedRange<Int>) -> String {
            (0..<Int.random(in: range, using: &generator))
                .map { _ in alphabet.randomElement(using: &generator) ?? "" }.joined()
        }
        for number in 0..<20_000 {
            let stops = (0..<Int.random(in: 0...3, using: &generator)).map { _ in random(0...4) }
            let parts = (0..<Int.random(in: 0...8, using: &generator)).map { _ in random(0...4) }
            let expected = naive(Array(parts.joined().utf8), stops)
            var matcher = StopMatcher(stops)
            var text = ""
            for part in parts { text += matcher.push(part).text }
            text += matcher.finish()
            try #require(text.utf8.elementsEqual(expected.text), "\(number) \(parts) \(stops)")
            try #require(matcher.isStopped == (expected.stop != nil))
        }
    }

    @Test func `only what may become a stop text is held back`() {
        var matcher = StopMatcher(["###", "\n\nUSER"])
        #expect(matcher.push("hello #") == .init(text: "hello ", stop: nil))
        #expect(matcher.push("x") == .init(text: "#x", stop: nil))
        #expect(matcher.push("\n\nU") == .init(text: "", stop: nil))
        #expect(matcher.push("S\n\nUSE") == .init(text: "\n\nUS", stop: nil))
        #expect(matcher.push("RS more") == .init(text: "", stop: "\n\nUSER"))
        #expect(matcher.push("more") == .init(text: "", stop: "\n\nUSER"))
        #expect(matcher.finish() == "")
    }

    @Test func `without stop texts everything passes`() {
        var matcher = StopMatcher([""])
        #expect(matcher.push("abc").text == "abc")
        #expect(!matcher.isStopped)
    }

    @Test func `answer text equals cutting and stripping the whole`() throws {
        var generator = SplitMix64(seed: 5)
        let alphabet = ["a", " ", "\n", "é", "\u{A0}", "\u{3000}", "b", "  ", "END"]
        for _ in 0..<10_000 {
            let parts = (0..<Int.random(in: 0...9, using: &generator))
                .map { _ in alphabet.randomElement(using: &generator) ?? "" }
            var answer = AnswerText(stops: ["END"])
            var found = ""
            for part in parts { found += answer.push(part) }
            found += answer.finish()
            let cut = naive(Array(parts.joined().utf8), ["END"]).text
            let whole = String(decoding: cut, as: UTF8.self)
            let blanks: Set<Unicode.Scalar> = [" ", "\n", "\u{A0}", "\u{3000}"]
            var scalars = Array(whole.unicodeScalars)
            while let last = scalars.last, blanks.contains(last) { scalars.removeLast() }
            let body = scalars.drop { blanks.contains($0) }
            try #require(Array(found.unicodeScalars) == Array(body))
        }
    }
}
