import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Masks of attention that are made on the device under test.
@Suite struct AttentionMaskTests {
    private let device = Device.underTest
    private let tokens = 5

    @Test(arguments: [nil, 1, 2, 9] as [Int?])
    func `a token sees itself and what is before it, within its window`(_ window: Int?) throws {
        let mask = try Functions.attentionMask(
            keys: nil, tokens: tokens, window: window, device: device)
        #expect(mask.device == device && mask.dtype == .bool)
        #expect(mask.shape == [1, 1, tokens, tokens])
        let expected = (0..<tokens).flatMap { token in
            (0..<tokens).map { $0 <= token && $0 > token - (window ?? tokens) }
        }
        #expect(try mask.values(as: Bool.self) == expected)
    }

    @Test(arguments: [nil, 2] as [Int?])
    func `keys that are not real are not seen, but by a token that sees no other`(
        _ window: Int?
    ) throws {
        let real = [[1, 1, 0, 0, 1], [0, 0, 1, 1, 0]]
        let keys = try Tensor(real.flatMap { $0 }, shape: [2, tokens]).uploaded(to: device)
        let mask = try Functions.attentionMask(
            keys: keys, tokens: tokens, window: window, device: device)
        #expect(mask.shape == [2, 1, tokens, tokens])
        var expected: [Bool] = []
        for row in real {
            for token in 0..<tokens {
                let seen = (0..<tokens).map {
                    $0 <= token && $0 > token - (window ?? tokens) && row[$0] == 1
                }
                expected += seen.contains(true) ? seen : (0..<tokens).map { $0 == token }
            }
        }
        #expect(try mask.values(as: Bool.self) == expected)
    }

    @Test func `a mask of other keys than the tokens is refused`() throws {
        let keys = try Tensor.zeros([1, 4], dtype: .int64, device: device)
        try expectFailure {
            _ = try Functions.attentionMask(
                keys: keys, tokens: tokens, window: nil, device: device)
        }
    }
}
