import MiphaChat
import Testing

@Suite struct BatchTests {
    private let samples = [
        EncodedSample(ids: [5, -200, 9, 9], labels: [-100, -100, -100, 9]),
        EncodedSample(ids: [9], labels: [9]),
        EncodedSample(ids: [], labels: []),
    ]

    @Test func `rows are padded on the right`() {
        let batch = PaddedBatch(samples, padID: 9)
        #expect(batch.rows == 3)
        #expect(batch.columns == 4)
        #expect(batch.lengths == [4, 1, 0])
        #expect(batch.ids == [5, -200, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9])
        #expect(
            batch.labels == [-100, -100, -100, 9, 9, -100, -100, -100, -100, -100, -100, -100])
        let yes = true
        let no = false
        #expect(batch.mask == [yes, yes, yes, yes, yes, no, no, no, no, no, no, no])
    }

    @Test func `the reference's mask hides ends of turns`() {
        let batch = PaddedBatch(samples, padID: 9, maskPolicy: .notPad)
        #expect(batch.mask == [true, true] + [Bool](repeating: false, count: 10))
    }

    @Test func `rows are cut at the maximum length`() {
        let batch = PaddedBatch(samples, padID: 9, maximumLength: 2)
        #expect(batch.columns == 2)
        #expect(batch.ids == [5, -200, 9, 9, 9, 9])
        #expect(batch.lengths == [2, 1, 0])
    }

    @Test func `no samples make an empty batch`() {
        let batch = PaddedBatch([], padID: 0)
        #expect(batch.rows == 0)
        #expect(batch.columns == 0)
        #expect(batch.ids.isEmpty)
    }
}
