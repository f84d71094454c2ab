import MiphaModels
import MiphaPretend
import MiphaTorch
import Testing

/// A pass one of whose states stayed on the CPU, on the device under test.
@Suite(.enabled(if: Device.underTest.isAccelerator))
struct ForgottenSegmentTests {
    @Test func `no segment takes pixels or states that were left on the CPU`() throws {
        let tiny = try TinyModel(dropout: 0)
        let batch = try tiny.batch(answers: [2, 3], pictures: true)
        let chain = try tiny.model.lossChain(batch, dropout: nil)
        var state = chain.input
        #expect(state.device == .underTest)
        for segment in chain.segments {
            let error = try #require(throws: TensorError.self, "\(segment.name)") {
                _ = try segment(state.to(device: .cpu))
            }
            #expect(error.message.contains("cpu"), "\(segment.name): \(error)")
            state = try segment(state)
            #expect(state.device == .underTest, "\(segment.name)")
        }
    }
}
