import MiphaFiles
import Testing

struct SplitMix64Tests {
    @Test func `the sequence is the one of the published code`() {
        var random = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<5).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func `a permutation holds every number once, in an order that its seed fixes`() {
        var random = SplitMix64(seed: 1)
        #expect(random.permutation(8) == [0, 3, 7, 1, 2, 6, 5, 4])
        #expect(random.permutation(100).sorted() == Array(0..<100))
        #expect(random.permutation(0).isEmpty)
    }
}
