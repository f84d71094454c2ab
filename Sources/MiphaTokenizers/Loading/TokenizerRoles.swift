import MiphaFiles

/// The tokens with a role, as `tokenizer_config.json` and `special_tokens_map.json` name them.
struct TokenizerRoles: Sendable {
    private static let single = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    var beginning: String?
    var end: String?
    var padding: String?
    /// `add_bos_token`, if the configuration says and there is no `tokenizer.json`.
    var addsBeginning: Bool?
    /// Notes about fields that are not known.
    var notes: [String] = []
    /// Every token named, with the place that names it; their ids are still open.
    private(set) var declared: [(token: AddedToken, node: JSONNode)] = []

    init() {}

    /// Reads the roles; the configuration goes before the map.
    init(config: JSONNode?, map: JSONNode?) throws(TokenizerError) {
        for key in Self.single {
            guard let node = try Self.first(key, config, map) else { continue }
            let token = try Self.token(node)
            declared.append((token, node))
            switch key {
            case "bos_token": beginning = token.content
            case "eos_token": end = token.content
            case "pad_token": padding = token.content
            default: break
            }
        }
        for key in ["additional_special_tokens", "extra_special_tokens"] {
            guard let list = try Self.first(key, config, map) else { continue }
            if case .object = list.value {
                for member in try list.members() {
                    let node = list.child(member.key, member.value)
                    declared.append((try Self.token(node), node))
                }
            } else {
                for node in try list.elements() { declared.append((try Self.token(node), node)) }
            }
        }
    }

    private static func first(
        _ key: String, _ config: JSONNode?, _ map: JSONNode?
    ) throws(TokenizerError) -> JSONNode? {
        if let node = try config?.member(key) { return node }
        return try map?.member(key)
    }

    private static func token(_ node: JSONNode) throws(TokenizerError) -> AddedToken {
        if case .string(let text) = node.value {
            guard !text.isEmpty else { throw node.error(.value, "expected a token, found \"\"") }
            return AddedToken(content: text, id: 0, special: true)
        }
        return try AddedToken(node, id: 0, special: true)
    }
}
