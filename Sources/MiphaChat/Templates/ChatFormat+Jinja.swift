extension ChatFormat {
    /// The format in the language of transformers' `chat_template.jinja`, or nil for `plain`.
    ///
    /// For messages whose content is a text or a list of `{"type": "image"}` and
    /// `{"type": "text", "text": …}`, transformers renders it to the text that a prompt has here;
    /// Tools/fixtures/templates.py and Tools/goldens/chat_formats.py compare them. A folder that
    /// carries this text is read with this format.
    public var jinja: String? {
        guard style == .turns else { return nil }
        let lines =
            Self.macro + systemLines + [
                "{%- for message in turns -%}",
                "{%- if message['role'] == 'user' -%}",
            ] + userLines + [
                "{%- else -%}",
                "{{- \(Self.quoted(assistantPrefix + answerPrefix)) + \(content)"
                    + " + \(Self.quoted(answerSuffix + endOfTurn + turnSuffix)) -}}",
                "{%- endif -%}",
                "{%- endfor -%}",
                "{%- if add_generation_prompt -%}{{- \(Self.quoted(assistantPrefix)) -}}"
                    + (closing.isEmpty ? "" : "{%- else -%}{{- \(Self.quoted(closing)) -}}")
                    + "{%- endif -%}",
            ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static let macro = [
        "{%- macro text(content) -%}",
        "{%- if content is string -%}{{- content -}}",
        "{%- else -%}",
        "{%- for part in content if part['type'] == 'image' -%}{{- '<image>\\n' -}}"
            + "{%- endfor -%}",
        "{%- for part in content if part['type'] == 'text' -%}{{- part['text'] -}}"
            + "{%- endfor -%}",
        "{%- endif -%}",
        "{%- endmacro -%}",
    ]

    private static func quoted(_ text: String) -> String {
        "'"
            + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
            .replacing("\n", with: "\\n") + "'"
    }

    /// The text of a message.
    private var content: String { "text(message['content'])" + (trims ? " | trim" : "") }

    private var systemLines: [String] {
        guard systemPlace != .nowhere else {
            return [
                "{%- if messages and messages[0]['role'] == 'system' -%}",
                "{{- raise_exception('System role not supported') -}}",
                "{%- endif -%}",
                "{%- set turns = messages -%}",
            ]
        }
        let standard = system.isEmpty && keepsEmptySystem ? "none" : Self.quoted(system)
        var lines = [
            "{%- if messages and messages[0]['role'] == 'system' -%}",
            "{%- set system = text(messages[0]['content']) -%}{%- set turns = messages[1:] -%}",
            "{%- else -%}",
            "{%- set system = \(standard) -%}{%- set turns = messages -%}",
            "{%- endif -%}",
        ]
        if systemPlace == .beforeTurns {
            lines.append(
                "{%- if \(systemCondition) -%}{{- \(systemBlock) -}}" + "{%- endif -%}")
        }
        return lines
    }

    private var systemCondition: String { keepsEmptySystem ? "system is not none" : "system" }

    private var systemBlock: String {
        "\(Self.quoted(systemPrefix)) + system + \(Self.quoted(systemSuffix))"
    }

    private var userLines: [String] {
        var lines: [String] = []
        if !roundPrefix.isEmpty {
            lines.append(
                "{%- if not loop.first -%}{{- \(Self.quoted(roundPrefix)) -}}{%- endif -%}")
        }
        guard systemPlace == .inFirstTurn else {
            return lines + [
                "{{- \(Self.quoted(userPrefix)) + \(content) + \(Self.quoted(userSuffix)) -}}"
            ]
        }
        return lines + [
            "{%- set content = text(message['content']) -%}",
            "{%- if loop.first and \(systemCondition) -%}{%- set content = \(systemBlock)"
                + " + content -%}{%- endif -%}",
            "{{- \(Self.quoted(userPrefix)) + content\(trims ? " | trim" : "")"
                + " + \(Self.quoted(userSuffix)) -}}",
        ]
    }
}
