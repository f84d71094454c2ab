# code(line): a line of Swift without comments and without the text of string literals; what is
# interpolated stays, in parentheses. Call it once for every line of a file, in order; it keeps its
# state between lines, in names that begin with "swift_", and starts anew where FNR is 1.

# Enters what the text to come is: "code" of an interpolation, a "comment", or a string's "text".
function swift_enter(mode) {
    swift_mode[++swift_level] = mode
    swift_parentheses[swift_level] = 0
}

function code(line,   out, token, at, found, mode) {
    if (FNR == 1) { swift_level = 0; swift_mode[0] = "code" }
    out = ""
    while (line != "") {
        mode = swift_mode[swift_level]
        if (mode == "comment") {
            if (!match(line, /\*\/|\/\*/)) return out
            token = substr(line, RSTART, 2)
            line = substr(line, RSTART + 2)
            if (token == "/*") swift_enter("comment")
            else swift_level--
        } else if (mode == "text" && swift_escape[swift_level] == "\\") {
            found = swift_closing[swift_level] == "\"" \
                ? match(line, /\\.|"/) : match(line, /\\.|"""/)
            if (!found) return out
            token = substr(line, RSTART, 2)
            if (substr(token, 1, 1) == "\\") {
                line = substr(line, RSTART + 2)
                if (token == "\\(") { out = out "("; swift_enter("code") }
            } else {
                line = substr(line, RSTART + RLENGTH)
                swift_level--
            }
        } else if (mode == "text") {
            at = index(line, swift_closing[swift_level])
            found = index(line, swift_escape[swift_level] "(")
            if (found > 0 && (at == 0 || found < at)) {
                line = substr(line, found + length(swift_escape[swift_level]) + 1)
                out = out "("
                swift_enter("code")
            } else {
                if (at == 0) return out
                line = substr(line, at + length(swift_closing[swift_level]))
                swift_level--
            }
        } else {
            found = swift_level \
                ? match(line, /\/\/|\/\*|#*"""|#*"|[()]/) : match(line, /\/\/|\/\*|#*"""|#*"/)
            if (!found) return out line
            token = substr(line, RSTART, RLENGTH)
            out = out substr(line, 1, RSTART - 1)
            line = substr(line, RSTART + RLENGTH)
            if (token == "//") return out
            if (token == "/*") swift_enter("comment")
            else if (token == "(") {
                swift_parentheses[swift_level]++
                out = out "("
            } else if (token == ")") {
                out = out ")"
                if (swift_parentheses[swift_level]-- == 0) swift_level--
            } else {
                at = index(token, "\"")
                out = out " "
                swift_enter("text")
                swift_closing[swift_level] = substr(token, at) substr(token, 1, at - 1)
                swift_escape[swift_level] = "\\" substr(token, 1, at - 1)
            }
        }
    }
    return out
}
