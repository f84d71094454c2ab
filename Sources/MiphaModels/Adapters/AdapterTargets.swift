package import MiphaCheckpoints
import MiphaFiles

/// The modules that PEFT adapts under a config, their scales, and those it trains in full.
///
/// Names are those of modules inside the class that was trained. Reference: PEFT 0.21,
/// `tuners_utils.check_target_module_exists`, `utils.other.get_pattern_key` and `_set_trainable`.
package struct AdapterTargets {
    /// Ends of the names of modules that are trained in full.
    let savedNames: [String]
    private let targets: Matcher
    private let excluded: Matcher
    private let blocks: [Int]
    private let blockPatterns: [ModulePattern]
    private let saved: [ModulePattern]
    private let ranks: [(pattern: ModulePattern, value: Int)]
    private let alphas: [(pattern: ModulePattern, value: Double)]
    private let rank: Int
    private let alpha: Double

    /// Reads a config.
    ///
    /// - Throws: `CheckpointError` naming a field that is not as PEFT writes it, or an expression
    ///   that cannot be read.
    package init(_ reader: ConfigReader) throws(CheckpointError) {
        targets = try Matcher(reader, "target_modules")
        excluded = try Matcher(reader, "exclude_modules")
        savedNames = try Self.list(reader, "modules_to_save")
        saved = try savedNames.map { name throws(CheckpointError) in
            try Self.pattern("(^|.*\\.)\(name)($|\\..*)", of: "modules_to_save", reader)
        }
        let (key, names) = ("layers_to_transform", "layers_pattern")
        if let single = reader.value(key)?.integerValue {
            blocks = [single]
        } else {
            blocks = try reader.ints(key, default: [])
        }
        let stacks = try Self.list(reader, names)
        let texts =
            stacks.isEmpty
            ? [".*?\\.[^.]*\\.(?<idx>\\d+)\\."]
            : stacks.map { "(?:^|.*?\\.)\($0)\\.(?<idx>\\d+)\\." }
        blockPatterns = try texts.map { text throws(CheckpointError) in
            try Self.pattern(text, of: names, reader)
        }
        if case .pattern = targets, let field = [key, names].first(where: reader.has) {
            throw reader.failure(
                field, expected: "null beside a target_modules that is an expression, as PEFT does")
        }
        rank = try reader.int("r", default: 8)
        alpha = try reader.double("lora_alpha", default: 8)
        ranks = try Self.patterns(reader, "rank_pattern") { (object, key) throws(CheckpointError) in
            try object.int(key)
        }
        alphas = try Self.patterns(reader, "alpha_pattern") {
            (object, key) throws(CheckpointError) in try object.double(key)
        }
    }

    /// Whether the config says what is adapted; `null` leaves it to PEFT's table of model classes.
    var isKnown: Bool {
        if case .nothing = targets { false } else { true }
    }

    /// Rank and alpha of a module: of patterns that fit, the first counts.
    package func strength(of module: String) -> (rank: Int, alpha: Double) {
        (
            ranks.first { $0.pattern.isWhole(module) }?.value ?? rank,
            alphas.first { $0.pattern.isWhole(module) }?.value ?? alpha
        )
    }

    /// Keys of `rank_pattern` and `alpha_pattern` that fit none of the modules.
    func idlePatterns(of modules: [String]) -> [String] {
        let fitting = (ranks.map(\.pattern) + alphas.map(\.pattern)).filter { pattern in
            !modules.contains(where: pattern.isWhole)
        }
        return fitting.map {
            String($0.text.dropFirst(Self.before.count).dropLast(Self.after.count))
        }
    }

    /// The parts that PEFT puts around a key, so that it matches whole names and their ends.
    private static let (before, after) = ("(.*\\.)?(", ")$")

    /// Whether a module gets an adapter.
    ///
    /// - Parameter isLinear: whether it is a linear layer other than the language head, which is
    ///   what `all-linear` stands for.
    package func selects(_ module: String, isLinear: Bool) -> Bool {
        guard !excluded.matches(module, isLinear: isLinear),
            !saved.contains(where: { $0.isWhole(module) }),
            targets.matches(module, isLinear: isLinear)
        else { return false }
        guard !blocks.isEmpty, !targets.names(module) else { return true }
        return blockPatterns.lazy.compactMap { $0.index(in: module) }.first
            .map(blocks.contains) ?? false
    }

    /// Whether a parameter belongs to a module that is trained in full because its name ends in
    /// `name`.
    static func module(named name: String, holds parameter: String) -> Bool {
        var module = Substring(parameter)
        while let dot = module.lastIndex(of: ".") {
            module = module[..<dot]
            if module.hasSuffix(name) { return true }
        }
        return false
    }

    // MARK: Reading

    private static func list(
        _ reader: ConfigReader, _ key: String
    ) throws(CheckpointError) -> [String] {
        if let one = reader.value(key)?.stringValue { return one.isEmpty ? [] : [one] }
        return try reader.strings(key, default: [])
    }

    private static func patterns<Value>(
        _ reader: ConfigReader, _ key: String,
        _ value: (ConfigReader, String) throws(CheckpointError) -> Value
    ) throws(CheckpointError) -> [(pattern: ModulePattern, value: Value)] {
        guard let object = try reader.optionalObject(key) else { return [] }
        var found: [(pattern: ModulePattern, value: Value)] = []
        for key in object.keys {
            let pattern = try pattern(before + key + after, of: key, object)
            found.append((pattern, try value(object, key)))
        }
        return found
    }

    fileprivate static func pattern(
        _ text: String, of key: String, _ reader: ConfigReader
    ) throws(CheckpointError) -> ModulePattern {
        guard let pattern = ModulePattern(text) else {
            let looksBehind = ["(?<=", "(?<!"].contains { text.contains($0) }
            throw reader.failure(
                key,
                expected: looksBehind
                    ? "a regular expression without lookbehind, which is not supported here; list the "
                        + "modules by name, or put a lookahead in front, such as "
                        + "(?!.*out_proj$).*_proj for .*(?<!out)_proj"
                    : "a regular expression that both Python's re and Swift's Regex read")
        }
        return pattern
    }
}

/// A value of `target_modules` or `exclude_modules`.
private enum Matcher {
    case nothing
    case allLinear
    /// Whole names, or ends of names after a dot.
    case list([String])
    /// An expression for whole names.
    case pattern(ModulePattern)

    init(_ reader: ConfigReader, _ key: String) throws(CheckpointError) {
        guard let value = reader.value(key) else {
            self = .nothing
            return
        }
        guard let text = value.stringValue else {
            self = .list(try reader.strings(key))
            return
        }
        if text.lowercased() == "all-linear" {
            self = .allLinear
        } else {
            self = .pattern(try AdapterTargets.pattern(text, of: key, reader))
        }
    }

    func matches(_ module: String, isLinear: Bool) -> Bool {
        switch self {
        case .nothing: false
        case .allLinear: isLinear
        case .list(let names): names.contains { module == $0 || module.hasSuffix(".\($0)") }
        case .pattern(let pattern): pattern.isWhole(module)
        }
    }

    /// Whether a list holds the module's whole name; then its block does not matter.
    func names(_ module: String) -> Bool {
        if case .list(let names) = self { names.contains(module) } else { false }
    }
}
