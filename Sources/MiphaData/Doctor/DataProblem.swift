/// The kinds of problems that the check of a data set looks for.
///
/// Each is judged on its own, so one sample can have several. The raw value names the kind in reports.
public enum DataProblem: String, Sendable, CaseIterable {
    // MARK: What a run stops at or leaves out; and what must not be learned from

    /// A line of a file of JSON lines that is not JSON.
    case malformedLine = "malformed-line"
    /// An item without a list of turns, or with values of a wrong type.
    case malformedEntry = "malformed-entry"
    /// A key that would change what is learned and is not read, such as one for videos.
    case refusedKey = "refused-key"
    /// A turn of a speaker who is neither human nor assistant.
    case unknownRole = "unknown-role"
    /// Turns that do not start with the human and alternate.
    case roleOrder = "role-order"
    /// Turns in order, but none from the assistant.
    case noAnswer = "no-answer"
    /// Another number of `<image>` in the human turns than of images, where it is not clear which
    /// are meant.
    case markerMismatch = "marker-mismatch"
    /// `<image>` in an answer.
    case markerInAnswer = "marker-in-answer"
    /// A pair of answers without the chosen or the rejected one.
    case missingAnswer = "missing-answer"
    /// With the template `plain`: not one question with `<image>` and one answer.
    case notCaption = "not-a-caption"
    /// A sample whose answers all begin after the limit, where training cuts; reported for tokens only.
    case nothingToLearn = "nothing-to-learn"
    /// An image file that does not exist.
    case missingPicture = "missing-picture"
    /// An image file that cannot be opened, or whose bytes are not an image.
    case unreadablePicture = "unreadable-picture"
    /// An image file whose bytes end inside the image, also where lenient decoders make do.
    case truncatedPicture = "truncated-picture"
    /// An image that is also one of a benchmark, pixel by pixel; a run does not know benchmarks and
    /// learns from it.
    case benchmarkLeak = "benchmark-leak"

    // MARK: What a run survives

    /// A key on no list, which training passes over.
    case unknownKey = "unknown-key"
    /// An odd number of turns: the last question has no answer.
    case oddTurns = "odd-turns"
    /// A chosen or rejected answer of whitespace only.
    case emptyAnswer = "empty-answer"
    /// A chosen answer that is the rejected one too.
    case identicalAnswers = "identical-answers"
    /// A turn of whitespace only.
    case emptyTurn = "empty-turn"
    /// No word in any turn; its length is 0 for orders by length.
    case noWords = "no-words"
    /// Several `<image>` in one turn for the only image; training keeps one.
    case repeatedMarker = "repeated-marker"
    /// A marker of another toolkit in the human's turns of a sample without images; it is learned as
    /// text.
    case foreignMarker = "foreign-marker"
    /// An identifier that an earlier sample has.
    case duplicateID = "duplicate-id"
    /// Images and turns that an earlier sample has.
    case duplicateSample = "duplicate-sample"
    /// Another file with the pixels of an earlier one.
    case duplicatePicture = "duplicate-picture"
    /// A file name that ends like another kind of file than its content is.
    case wrongExtension = "wrong-extension"
    /// An image that viewers show otherwise than it is learned: turned by its EXIF orientation, of
    /// 16-bit grey, or animated.
    case alteredPicture = "altered-picture"
    /// A turn that alone is longer than the limit.
    case longTurn = "long-turn"
    /// A sample that is longer than the limit; training cuts its end off.
    case longSample = "long-sample"
    /// Text of the template inside a turn, at which the reference's label mask breaks.
    case templateSeparator = "template-separator"
    /// An image whose shorter side has too few pixels, and is not extreme in proportion.
    case smallPicture = "small-picture"
    /// An image whose longer side is too many times its shorter one.
    case extremeAspect = "extreme-aspect"

    /// How bad a problem is.
    public enum Severity: String, Sendable {
        /// Training stops there or leaves the sample out, as its policy says; or it learns nothing from
        /// it; or the image is one of a benchmark.
        case error
        /// Training goes on.
        case warning
    }

    /// What a problem is counted in.
    public enum Unit: String, Sendable {
        /// Items of the conversation files.
        case samples
        /// Image files, each once however many samples name it.
        case pictures

        /// The unit in texts for people; the raw value is that of JSON reports.
        public var word: String {
            switch self {
            case .samples: "samples"
            case .pictures: "images"
            }
        }
    }

    /// How bad it is.
    public var severity: Severity {
        switch self {
        case .unknownKey, .oddTurns, .emptyAnswer, .identicalAnswers, .emptyTurn, .noWords,
            .repeatedMarker, .foreignMarker, .duplicateID, .duplicateSample, .duplicatePicture,
            .wrongExtension,
            .alteredPicture, .longTurn, .longSample, .templateSeparator, .smallPicture,
            .extremeAspect:
            .warning
        default: .error
        }
    }

    /// What it is counted in.
    public var unit: Unit {
        switch self {
        case .missingPicture, .unreadablePicture, .truncatedPicture, .benchmarkLeak,
            .duplicatePicture, .wrongExtension, .alteredPicture, .smallPicture, .extremeAspect:
            .pictures
        default: .samples
        }
    }
}
