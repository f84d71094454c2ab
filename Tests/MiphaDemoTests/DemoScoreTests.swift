import MiphaDemo
import Testing

/// What the demo reports when the model learned less than it should.
@Suite struct DemoScoreTests {
    private func score(_ accuracy: Double, place: Double) -> DemoScore {
        DemoScore(
            lines: [
                .init(kind: .count, questions: 50, accuracy: 1, blind: 0.2),
                .init(kind: .place, questions: 50, accuracy: place, blind: 0.4),
            ], accuracy: accuracy, blind: 0.3)
    }

    @Test func `an accuracy below the expected one is said with both figures`() {
        #expect(
            score(0.844, place: 0.5).shortfall(below: 0.95)
                == "84 % right answers are fewer than the 95 % that are expected")
        #expect(score(0.95, place: 0.9).shortfall(below: 0.95) == nil)
    }

    @Test func `a kind that is hardly better than a guess is named`() {
        // Of the 0.6 that a guess leaves open, half is 0.3: the limit is 0.7.
        let found = score(0.96, place: 0.69).shortfall(below: 0.95)
        #expect(found == "answers to place are hardly better than guesses without the image")
        #expect(score(0.96, place: 0.7).shortfall(below: 0.95) == nil)
    }

    @Test func `a shorter tour promises less, and nothing of single kinds`() {
        #expect(DemoRecipe.accuracy(minutes: 2) == 0.95)
        #expect(DemoRecipe.accuracy(minutes: 1) == 0.6)
        #expect(DemoRecipe.accuracy(minutes: 0.5) == 0)
        #expect(score(0.65, place: 0.3).shortfall(below: 0.6) == nil)
        #expect(score(0.59, place: 0.3).shortfall(below: 0.6) != nil)
    }
}
