extension VQAAnswerNormalizer {
    /// Words that stand for digits, and the digits.
    static let numbers: [[UInt8]: [UInt8]] = {
        let words = "none zero one two three four five six seven eight nine ten"
        var result: [[UInt8]: [UInt8]] = [:]
        for (place, word) in words.split(separator: " ").enumerated() {
            result[Array(word.utf8)] = Array(String(max(place - 1, 0)).utf8)
        }
        return result
    }()

    /// Contractions whose misspelling lacks the apostrophe and nothing else.
    private static let plainContractions = """
        ain't aren't can't could've couldn't didn't doesn't don't hadn't hasn't haven't he'd he's \
        how'd how'll how's I'm I've isn't it'd it'll ma'am mightn't might've mustn't must've \
        needn't not've o'clock oughtn't shan't should've shouldn't somebody'll somebody's \
        someone'd someone'll someone's something'd something'll that's there'd there're there's \
        they'd they'll they're they've 'twas wasn't we've weren't what'll what're what's what've \
        when's where'd where's where've who'd who'll who's who've why'll why're why's won't \
        would've wouldn't y'all you'd you'll you're you've
        """

    /// The other contractions: the right spelling, and those that are mended to it.
    private static let otherContractions = """
        couldn't've=couldn'tve,couldnt've hadn't've=hadnt've,hadn'tve he'd've=hed've,he'dve \
        I'd've=Id've,I'dve it'd've=itd've,it'dve let's=let's mightn't've=mightnt've,mightn'tve \
        'ow's'at=ow's'at,'ows'at,'ow'sat she'd've=shed've,she'dve she's=she's \
        shouldn't've=shouldnt've,shouldn'tve somebodyd=somebody'd \
        somebody'd've=somebodyd've,somebody'dve someone'd've=someoned've,someone'dve \
        something'd've=somethingd've,something'dve there'd've=thered've,there'dve \
        they'd've=theyd've,they'dve we'd've=wed've,we'dve who'd've=whod've,who'dve \
        wouldn't've=wouldnt've,wouldn'tve y'all'll=yall'll,y'allll \
        y'all'd've=yall'd've,y'alld've,y'all'dve you'd've=youd've,you'dve
        """

    /// The 120 contractions of the VQA tool: misspelling to spelling.
    ///
    /// Keys with a capital letter never match, the text being lower case; they are kept as the
    /// reference has them. `its`, `were`, `hell`, `ill`, `id`, `shed` and `well` are words of
    /// their own and absent.
    static let contractions: [[UInt8]: [UInt8]] = {
        var result: [[UInt8]: [UInt8]] = [:]
        for word in plainContractions.split(separator: " ") {
            result[word.utf8.filter { $0 != UInt8(ascii: "'") }] = Array(word.utf8)
        }
        for entry in otherContractions.split(separator: " ") {
            let sides = entry.split(separator: "=")
            for key in sides[1].split(separator: ",") {
                result[Array(key.utf8)] = Array(sides[0].utf8)
            }
        }
        return result
    }()

    /// The contractions of the VizWiz tool: the same with U+2019 for most apostrophes.
    static let curlyContractions: [[UInt8]: [UInt8]] = {
        let straightKeys = ["couldn'tve", "hadn'tve"]
        let straightValues = [
            "ain't", "aren't", "can't", "could've", "couldn't", "we've", "where's", "who've",
        ]
        func curly(_ text: [UInt8]) -> [UInt8] {
            text.flatMap { $0 == UInt8(ascii: "'") ? [0xE2, 0x80, 0x99] : [$0] }
        }
        let keptKeys = Set(straightKeys.map { Array($0.utf8) })
        let keptValues = Set(straightValues.map { Array($0.utf8) })
        var result: [[UInt8]: [UInt8]] = [:]
        for (key, value) in contractions {
            result[keptKeys.contains(key) ? key : curly(key)] =
                keptValues.contains(value) ? value : curly(value)
        }
        return result
    }()
}
