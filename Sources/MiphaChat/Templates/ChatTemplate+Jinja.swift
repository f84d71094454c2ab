extension ChatTemplate {
    /// The template in the language of transformers' `chat_template.jinja`, or nil for `plain`.
    ///
    /// For messages whose content is a text or a list of `{"type": "image"}` and
    /// `{"type": "text", "text": …}`, transformers renders it to the text that a prompt has here;
    /// Tools/fixtures/templates.py compares them. A folder that carries exactly this text is read with
    /// this template.
    public var jinja: String? {
        guard style == .turns else { return nil }
        func quoted(_ text: String) -> String {
            "'"
                + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
                .replacing("\n", with: "\\n") + "'"
        }
        let lines = [
            "{%- macro text(content) -%}",
            "{%- if content is string -%}{{- content -}}",
            "{%- else -%}",
            "{%- for part in content if part['type'] == 'image' -%}{{- '<image>\\n' -}}"
                + "{%- endfor -%}",
            "{%- for part in content if part['type'] == 'text' -%}{{- part['text'] -}}"
                + "{%- endfor -%}",
            "{%- endif -%}",
            "{%- endmacro -%}",
            "{%- if messages and messages[0]['role'] == 'system' -%}",
            "{%- set system = text(messages[0]['content']) -%}{%- set turns = messages[1:] -%}",
            "{%- else -%}",
            "{%- set system = \(quoted(system)) -%}{%- set turns = messages -%}",
            "{%- endif -%}",
            "{%- if system -%}{{- \(quoted(systemPrefix)) + system + \(quoted(systemSuffix)) -}}"
                + "{%- endif -%}",
            "{%- for message in turns -%}",
            "{%- if message['role'] == 'user' -%}",
            "{{- \(quoted(userPrefix)) + text(message['content']) + \(quoted(userSuffix)) -}}",
            "{%- else -%}",
            "{{- \(quoted(assistantPrefix + answerPrefix)) + text(message['content'])"
                + " + \(quoted(endOfTurn)) -}}",
            "{%- endif -%}",
            "{%- endfor -%}",
            "{%- if add_generation_prompt -%}{{- \(quoted(assistantPrefix)) -}}{%- endif -%}",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// The templates that a folder can carry.
    static let known: [ChatTemplate] = [.phi, .vicuna, .gemma, .phi3]
}
