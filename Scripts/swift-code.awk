# code(line): a line of Swift without comments and without the text of string literals; what is
# interpolated stays. Call it once for every line of a file, in order; it keeps its state between
# lines and starts anew where FNR is 1.

function code(line,   out, token, at, found) {
    if (FNR == 1) { level = 0; mode[0] = "code" }
    out = ""
    while (line != "") {
        if (mode[level] == "comment") {
            if (!match(line, /\*\/|\/\*/)) return out
            token = substr(line, RSTART, 2)
            line = substr(line, RSTART + 2)
            if (token == "/*") mode[++level] = "comment"
            else level--
        } else if (mode[level] == "text") {
            at = index(line, closing[level])
            if (escape[level] == "\\") {
                found = closing[level] == "\"" ? match(line, /\\.|"/) : match(line, /\\.|"""/)
                if (!found) break
                at = RSTART
                token = substr(line, at, 2)
                if (substr(token, 1, 1) == "\\") {
                    line = substr(line, at + 2)
                    if (token == "\\(") { mode[++level] = "code"; parentheses[level] = 0 }
                    continue
                }
            } else {
                token = index(line, escape[level] "(")
                if (token > 0 && (at == 0 || token < at)) {
                    line = substr(line, token + length(escape[level]) + 1)
                    mode[++level] = "code"
                    parentheses[level] = 0
                    continue
                }
                if (at == 0) break
            }
            line = substr(line, at + length(closing[level]))
            level--
            out = out " "
        } else {
            found = level ? match(line, /\/\/|\/\*|#*"""|#*"|[()]/) : match(line, /\/\/|\/\*|#*"""|#*"/)
            if (!found) return out line
            token = substr(line, RSTART, RLENGTH)
            out = out substr(line, 1, RSTART - 1)
            line = substr(line, RSTART + RLENGTH)
            if (token == "//") return out
            if (token == "(") { parentheses[level]++; out = out "(" }
            else if (token == ")" && parentheses[level] > 0) { parentheses[level]--; out = out ")" }
            else if (token == ")") { level--; out = out " " }
            else if (token == "/*") mode[++level] = "comment"
            else {
                at = index(token, "\"")
                mode[++level] = "text"
                closing[level] = substr(token, at) substr(token, 1, at - 1)
                escape[level] = "\\" substr(token, 1, at - 1)
                out = out " "
            }
        }
    }
    return out
}
