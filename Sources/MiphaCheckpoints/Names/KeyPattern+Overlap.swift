extension KeyPattern {
    /// A place in a pattern while a name is read byte by byte.
    private struct State: Hashable {
        var token = 0
        /// Bytes of a literal that are read; for wildcards 0 before, 1 within, 2 after a lone "0".
        var progress = 0
    }

    private struct Pair: Hashable {
        let left: State
        let right: State?
    }

    /// Whether some name matches both patterns.
    func overlaps(_ other: KeyPattern) -> Bool {
        search(other) { leftEnds, rightEnds in leftEnds && rightEnds }
    }

    /// Whether every name that matches this pattern matches `other`.
    func isContained(in other: KeyPattern) -> Bool {
        !search(other) { leftEnds, rightEnds in leftEnds && !rightEnds }
    }

    /// Walks both patterns at once over all names that this one can still match; true when
    /// `found` holds somewhere.
    private func search(_ other: KeyPattern, _ found: (Bool, Bool) -> Bool) -> Bool {
        var pending = [Pair(left: State(), right: State())]
        var seen = Set(pending)
        while let pair = pending.popLast() {
            if found(isEnd(pair.left), pair.right.map(other.isEnd) ?? false) { return true }
            // One byte of every class that the two patterns distinguish is enough.
            var alphabet: Set<UInt8> = [0x01, 0x02, 0x03, 0x30, 0x31, 0x32]
            alphabet.formUnion(literals(at: pair.left))
            if let right = pair.right { alphabet.formUnion(other.literals(at: right)) }
            for byte in alphabet {
                guard let left = step(pair.left, byte) else { continue }
                let right = pair.right.flatMap { other.step($0, byte) }
                let next = Pair(left: left, right: right)
                if seen.insert(next).inserted { pending.append(next) }
            }
        }
        return false
    }

    /// The bytes that are expected by name at this place.
    private func literals(at state: State) -> [UInt8] {
        let isInIndex =
            state.token < tokens.count && tokens[state.token] == .index && state.progress > 0
        let next = isInIndex ? State(token: state.token + 1) : state
        return expected(next).map { [$0] } ?? []
    }

    private func expected(_ state: State) -> UInt8? {
        guard state.token < tokens.count, case .literal(let bytes) = tokens[state.token] else {
            return nil
        }
        return bytes[state.progress]
    }

    private func isEnd(_ state: State) -> Bool {
        if state.token == tokens.count { return true }
        guard state.token == tokens.count - 1, state.progress > 0 else { return false }
        return tokens[state.token] == .index || tokens[state.token] == .suffix
    }

    private func step(_ state: State, _ byte: UInt8) -> State? {
        guard state.token < tokens.count else { return nil }
        switch tokens[state.token] {
        case .literal(let bytes):
            guard bytes[state.progress] == byte else { return nil }
            let isLast = state.progress + 1 == bytes.count
            return isLast
                ? State(token: state.token + 1)
                : State(token: state.token, progress: state.progress + 1)
        case .index:
            if byte &- 0x30 < 10 {
                if state.progress == 0 {
                    return State(token: state.token, progress: byte == 0x30 ? 2 : 1)
                }
                return state.progress == 1 ? state : nil
            }
            return state.progress > 0 ? step(State(token: state.token + 1), byte) : nil
        case .suffix:
            return State(token: state.token, progress: 1)
        }
    }
}
