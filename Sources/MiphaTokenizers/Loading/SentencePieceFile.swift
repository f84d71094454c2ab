import MiphaFiles

/// What a SentencePiece `tokenizer.model` says (sentencepiece, src/sentencepiece_model.proto).
struct SentencePieceFile {
    /// The kinds of pieces by their number in the file.
    enum PieceKind: UInt64 {
        case normal = 1
        case unknown = 2
        case control = 3
        case userDefined = 4
        case unused = 5
        case byte = 6
    }

    struct Piece {
        var content = ""
        var score: Float = 0
        var kind = PieceKind.normal
    }

    let file: String
    private(set) var pieces: [Piece] = []
    private(set) var isUnigram = true
    private(set) var byteFallback = false
    private(set) var unknownText = " \u{2047} "
    private(set) var beginID = 1
    private(set) var endID = 2
    private(set) var paddingID = -1
    private(set) var characterMap: PrecompiledCharacterMap?
    private(set) var addsPrefix = true
    private(set) var removesExtraSpaces = true

    init(_ bytes: [UInt8], file: String) throws(TokenizerError) {
        self.file = file
        var fields = ProtocolFields(bytes, bytes.indices, file: file)
        while let (number, value) = try fields.next() {
            switch (number, value) {
            case (1, .bytes(let range)): try addPiece(bytes, range)
            case (2, .bytes(let range)): try readTrainer(bytes, range)
            case (3, .bytes(let range)): try readNormalizer(bytes, range)
            case (5, .bytes(let range)): try checkDenormalizer(bytes, range)
            case (1, _), (2, _), (3, _), (5, _):
                throw error("field \(number)", "expected a message")
            default: continue
            }
        }
        guard !pieces.isEmpty else { throw error("field 1", "expected pieces, found none") }
    }

    /// The text of a control piece, or nil.
    func control(_ id: Int) -> String? {
        guard pieces.indices.contains(id), pieces[id].kind == .control else { return nil }
        return pieces[id].content
    }

    func error(
        _ field: String, _ problem: String, _ code: TokenizerError.Code = .value
    ) -> TokenizerError {
        TokenizerError(code, "\(file): \(field): \(problem)")
    }

    private func text(
        _ bytes: [UInt8], _ range: Range<Int>, _ field: String
    ) throws(TokenizerError) -> String {
        let content = Array(bytes[range])
        guard UTF8Text.firstInvalidByte(content.span) == nil else {
            throw error(field, "not valid UTF-8")
        }
        return String(decoding: content, as: UTF8.self)
    }

    private mutating func addPiece(
        _ bytes: [UInt8], _ range: Range<Int>
    ) throws(TokenizerError) {
        let place = "piece \(pieces.count)"
        var piece = Piece()
        var fields = ProtocolFields(bytes, range, file: file)
        while let (number, value) = try fields.next() {
            switch (number, value) {
            case (1, .bytes(let range)): piece.content = try text(bytes, range, place)
            case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
            case (3, .number(let number)):
                guard let kind = PieceKind(rawValue: number) else {
                    throw error("\(place): type", "\(number) is not a known type", .unsupported)
                }
                piece.kind = kind
            case (1, _), (2, _), (3, _): throw error(place, "a field of a wrong type")
            default: continue
            }
        }
        guard !piece.content.isEmpty else { throw error(place, "expected a text, found none") }
        guard piece.content.utf8.count <= 1024 else {
            throw error(place, "a text of more than 1024 bytes", .unsupported)
        }
        guard piece.score.isFinite else { throw error(place, "the score is not a number") }
        pieces.append(piece)
    }

    private mutating func readTrainer(
        _ bytes: [UInt8], _ range: Range<Int>
    ) throws(TokenizerError) {
        var fields = ProtocolFields(bytes, range, file: file)
        while let (number, value) = try fields.next() {
            switch (number, value) {
            case (3, .number(let type)):
                guard type == 1 || type == 2 else {
                    throw error(
                        "trainer_spec.model_type",
                        "\(type) is not supported; known: 1 (UNIGRAM), 2 (BPE)", .unsupported)
                }
                isUnigram = type == 1
            case (24, .number(let flag)):
                guard flag == 0 else {
                    throw error(
                        "trainer_spec.treat_whitespace_as_suffix", "expected false", .unsupported)
                }
            case (35, .number(let flag)): byteFallback = flag != 0
            case (41, .number(let id)): beginID = Self.id(id)
            case (42, .number(let id)): endID = Self.id(id)
            case (43, .number(let id)): paddingID = Self.id(id)
            case (44, .bytes(let range)):
                unknownText = try text(bytes, range, "trainer_spec.unk_surface")
            default: continue
            }
        }
    }

    private static func id(_ number: UInt64) -> Int {
        Int(Int32(truncatingIfNeeded: number))
    }

    private mutating func readNormalizer(
        _ bytes: [UInt8], _ range: Range<Int>
    ) throws(TokenizerError) {
        var fields = ProtocolFields(bytes, range, file: file)
        while let (number, value) = try fields.next() {
            switch (number, value) {
            case (2, .bytes(let range)) where !range.isEmpty:
                guard let map = PrecompiledCharacterMap(Array(bytes[range])) else {
                    throw error(
                        "normalizer_spec.precompiled_charsmap", "not a character map")
                }
                characterMap = map
            case (3, .number(let flag)): addsPrefix = flag != 0
            case (4, .number(let flag)): removesExtraSpaces = flag != 0
            case (5, .number(let flag)):
                guard flag != 0 else {
                    throw error("normalizer_spec.escape_whitespaces", "expected true", .unsupported)
                }
            default: continue
            }
        }
    }

    private func checkDenormalizer(
        _ bytes: [UInt8], _ range: Range<Int>
    ) throws(TokenizerError) {
        var fields = ProtocolFields(bytes, range, file: file)
        while let (number, value) = try fields.next() {
            if number == 2, case .bytes(let range) = value, !range.isEmpty {
                throw error("denormalizer_spec.precompiled_charsmap", "expected none", .unsupported)
            }
        }
    }
}
