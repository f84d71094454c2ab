extension ChatFormat {
    /// The format in the language of transformers' `chat_template.jinja`, or nil for `plain`.
    ///
    /// For messages whose content is a text or a list of `{"type": "image"}` and
    /// `{"type": "text", "text": …}`, transformers renders it to the text that a prompt has here;
    /// Tools/fixtures/templates.py and Tools/goldens/chat_formats.py compare them. A folder that
    /// carries this text is read with this format.
    public var jinja: String? { style == .turns ? JinjaWriter(format: self).text : nil }
}

/// Writes a format in the language of transformers' `chat_template.jinja`.
private struct JinjaWriter {
    let format: ChatFormat

    var text: String {
        let answerEnd = format.answerSuffix + format.endOfTurn + format.turnSuffix
        let closing =
            format.closing.isEmpty ? "" : "{%- else -%}{{- \(Self.quoted(format.closing)) -}}"
        let lines =
            Self.macro + systemLines + [
                "{%- for message in turns -%}",
                "{%- if message['role'] == 'user' -%}",
            ] + userLines + [
                "{%- else -%}",
                "{{- \(Self.quoted(format.assistantPrefix + format.answerPrefix)) + \(content)"
                    + " + \(Self.quoted(answerEnd)) -}}",
                "{%- endif -%}",
                "{%- endfor -%}",
                "{%- if add_generation_prompt -%}{{- \(Self.quoted(format.assistantPrefix)) -}}"
                    + closing + "{%- endif -%}",
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

    private var trim: String { format.trims ? " | trim" : "" }

    /// The text of a message.
    private var content: String { "text(message['content'])" + trim }

    private var systemLines: [String] {
        guard format.systemPlace != .nowhere else {
            return [
                "{%- if messages and messages[0]['role'] == 'system' -%}",
                "{{- raise_exception('System role not supported') -}}",
                "{%- endif -%}",
                "{%- set turns = messages -%}",
            ]
        }
        let hasNone = format.system.isEmpty && format.keepsEmptySystem
        let standard = hasNone ? "none" : Self.quoted(format.system)
        var lines = [
            "{%- if messages and messages[0]['role'] == 'system' -%}",
            "{%- set system = text(messages[0]['content']) -%}{%- set turns = messages[1:] -%}",
            "{%- else -%}",
            "{%- set system = \(standard) -%}{%- set turns = messages -%}",
            "{%- endif -%}",
        ]
        if format.systemPlace == .beforeTurns {
            lines.append("{%- if \(systemCondition) -%}{{- \(systemBlock) -}}{%- endif -%}")
        }
        return lines
    }

    private var systemCondition: String {
        format.keepsEmptySystem ? "system is not none" : "system"
    }

    private var systemBlock: String {
        "\(Self.quoted(format.systemPrefix)) + system + \(Self.quoted(format.systemSuffix))"
    }

    private var userLines: [String] {
        let (before, after) = (Self.quoted(format.userPrefix), Self.quoted(format.userSuffix))
        var lines: [String] = []
        if !format.roundPrefix.isEmpty {
            lines.append(
                "{%- if not loop.first -%}{{- \(Self.quoted(format.roundPrefix)) -}}{%- endif -%}")
        }
        guard format.systemPlace == .inFirstTurn else {
            return lines + ["{{- \(before) + \(content) + \(after) -}}"]
        }
        return lines + [
            "{%- set content = text(message['content']) -%}",
            "{%- if loop.first and \(systemCondition) -%}{%- set content = \(systemBlock)"
                + " + content -%}{%- endif -%}",
            "{{- \(before) + content\(trim) + \(after) -}}",
        ]
    }
}
