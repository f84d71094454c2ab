/// Turns ids into text, one after the other.
struct TokenDecoder: Sendable {
    /// What is known of the ids so far.
    struct State: Sendable {
        fileprivate var isFirst = true
        fileprivate var stripped = 0
        fileprivate var isStripping = true
        /// Bytes of tokens that stand for one byte each.
        fileprivate var run: [UInt8] = []
        /// A token whose end depends on whether another follows.
        fileprivate var held: Int?
    }

    private let steps: DecoderSteps
    /// The bytes of id `n` are `bytes[starts[n]..<starts[n + 1]]`.
    private let bytes: [UInt8]
    private let starts: [UInt32]
    /// The byte that an id stands for, -1 for others; empty without such tokens.
    private let singleBytes: [Int16]
    private let specialIDs: Set<Int>
    private let unknownID: Int?
    private let mark = SentencePieceNormalizer.mark

    init(_ definition: TokenizerDefinition, _ vocabulary: Vocabulary) {
        steps = definition.decoder
        specialIDs = Set(definition.addedTokens.filter(\.special).map(\.id))
        var bytes: [UInt8] = []
        var starts: [UInt32] = [0]
        bytes.reserveCapacity(vocabulary.contents.count * 8)
        starts.reserveCapacity(vocabulary.contents.count + 1)
        let unknown = definition.unknownToken.flatMap { vocabulary.id(of: $0) }
        unknownID = unknown
        for (id, content) in vocabulary.contents.enumerated() {
            if let text = steps.unknownText, id == unknown {
                bytes.append(contentsOf: text.utf8)
            } else if let content {
                if steps.isByteLevel {
                    ByteAlphabet.appendBytes(of: content, to: &bytes)
                } else {
                    bytes.append(contentsOf: Self.changed(content, steps.tokenSteps).utf8)
                }
            }
            starts.append(UInt32(bytes.count))
        }
        self.bytes = bytes
        self.starts = starts
        var single: [Int16] = []
        if !steps.isByteLevel, steps.byteRuns != .none {
            single = Array(repeating: -1, count: vocabulary.contents.count)
            for byte in UInt8.min...UInt8.max {
                if let id = vocabulary.id(of: TokenizerBuilder.fallbackToken(byte)) {
                    single[id] = Int16(byte)
                }
            }
        }
        singleBytes = single
    }

    private static func changed(_ token: String, _ steps: [DecoderSteps.TokenStep]) -> String {
        var token = token
        for step in steps {
            switch step {
            case .replace(let pattern, let content):
                var text = AlignedText(Array(token.utf8), base: 0, tracks: false)
                text.replace(Array(pattern.utf8), with: Array(content.utf8))
                token = String(decoding: text.bytes, as: UTF8.self)
            case .strip(let character, let start, let stop):
                let scalars = Array(token.unicodeScalars)
                let stripped = character.unicodeScalars.first
                let first = scalars.prefix(start).prefix { $0 == stripped }.count
                let last = scalars.dropFirst(first).suffix(stop).reversed()
                    .prefix { $0 == stripped }.count
                token = ""
                token.unicodeScalars.append(contentsOf: scalars.dropFirst(first).dropLast(last))
            }
        }
        return token
    }

    /// Whether decoding can leave an id out.
    func isSpecial(_ id: Int) -> Bool { specialIDs.contains(id) }

    /// Appends what `id` decodes to; some of it may wait for the next id.
    func append(
        _ id: Int, _ skippingSpecialTokens: Bool, _ state: inout State, to output: inout [UInt8]
    ) {
        guard id >= 0, id < starts.count - 1 else { return }
        if skippingSpecialTokens, specialIDs.contains(id) { return }
        let range = Int(starts[id])..<Int(starts[id + 1])
        if steps.isByteLevel {
            output.append(contentsOf: bytes[range])
            return
        }
        if steps.wordSuffix != nil {
            flushHeld(&state, isLast: false, to: &output)
            state.held = id
            return
        }
        if !singleBytes.isEmpty, singleBytes[id] >= 0 {
            state.run.append(UInt8(truncatingIfNeeded: singleBytes[id]))
            return
        }
        flushRun(&state, to: &output)
        if steps.firstMarks != .none {
            appendMarked(range, &state, to: &output)
        } else if steps.unknownText != nil, id == unknownID {
            // SentencePiece takes the blank in front away from ordinary pieces only.
            output.append(contentsOf: bytes[range])
            state.isStripping = false
        } else if steps.unknownText != nil, specialIDs.contains(id) {
            output.append(contentsOf: bytes[range])
        } else {
            appendStripped(bytes[range], &state, to: &output)
        }
        state.isFirst = false
    }

    /// Appends what still waits; the text ends.
    func finish(_ state: inout State, to output: inout [UInt8]) {
        flushHeld(&state, isLast: true, to: &output)
        flushRun(&state, to: &output)
        state = State()
    }

    private func flushRun(_ state: inout State, to output: inout [UInt8]) {
        guard !state.run.isEmpty else { return }
        let run = state.run
        state.run.removeAll(keepingCapacity: true)
        if UTF8Text.firstInvalidByte(run.span) == nil {
            append(run[...], ofRun: &state, to: &output)
            return
        }
        var text: [UInt8] = []
        let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]
        var position = 0
        while position < run.count {
            if steps.byteRuns == .repaired,
                case .valid(let length) = UTF8Text.sequence(at: position, in: run.span)
            {
                text += run[position..<position + length]
                position += length
            } else {
                text += replacement
                position += 1
            }
        }
        append(text[...], ofRun: &state, to: &output)
    }

    private func append(
        _ text: ArraySlice<UInt8>, ofRun state: inout State, to output: inout [UInt8]
    ) {
        if steps.byteRuns == .repaired { state.isStripping = false }
        appendStripped(text, &state, to: &output)
    }

    private func flushHeld(_ state: inout State, isLast: Bool, to output: inout [UInt8]) {
        guard let id = state.held, let suffix = steps.wordSuffix else { return }
        state.held = nil
        var text = AlignedText(
            Array(bytes[Int(starts[id])..<Int(starts[id + 1])]), base: 0, tracks: false)
        text.replace(Array(suffix.utf8), with: isLast ? [] : [0x20])
        appendStripped(text.bytes[...], &state, to: &output)
    }

    private func appendMarked(
        _ range: Range<Int>, _ state: inout State, to output: inout [UInt8]
    ) {
        var text = AlignedText(Array(bytes[range]), base: 0, tracks: false)
        let isDropped = state.isFirst && steps.firstMarks == .dropped
        text.replace(mark, with: isDropped ? [] : [0x20])
        appendStripped(text.bytes[...], &state, to: &output)
    }

    private func appendStripped(
        _ content: ArraySlice<UInt8>, _ state: inout State, to output: inout [UInt8]
    ) {
        guard state.isStripping, let (character, count) = steps.stripped else {
            output += content
            return
        }
        let pattern = Array(String(character).utf8)
        var content = content
        while state.stripped < count, content.starts(with: pattern) {
            content = content.dropFirst(pattern.count)
            state.stripped += 1
        }
        if !content.isEmpty || state.stripped >= count { state.isStripping = false }
        output += content
    }
}
