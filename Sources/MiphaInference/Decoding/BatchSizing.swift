package import MiphaChat
import MiphaNN

/// Divides requests into parts that fit into memory.
package struct BatchSizing {
    /// Positions that the pages of a beginning and of a row have to spare at most.
    package static let spare = PagedCache.spare

    let limits: BatchLimits
    let tokensPerImage: Int
    let contextLength: Int

    package init(limits: BatchLimits, tokensPerImage: Int, contextLength: Int) {
        self.limits = limits
        self.tokensPerImage = tokensPerImage
        self.contextLength = contextLength
    }

    /// Places of the requests by part; those with the same beginning stay together where they can.
    ///
    /// The bytes of a part are at most the limit, unless one request alone takes more.
    package func parts(_ requests: [PreparedRequest]) -> [[Int]] {
        let groups = PromptGroups(requests.map(\.prompt)).groups
        let most = limits.bytes / max(1, limits.bytesPerPosition)
        var parts: [[Int]] = []
        var part = Part()
        for group in groups {
            let shared = requests[group.rows[0]].prompt
                .length(group.sharedCount, tokensPerImage: tokensPerImage)
            for (index, row) in group.rows.enumerated() {
                let own = positions(requests[row]) - shared
                var longer = part
                longer.add(row, own: own, shared: index == 0 ? shared + Self.spare : 0)
                if longer.positions > most, !part.rows.isEmpty {
                    parts.append(part.rows)
                    longer = Part()
                    longer.add(row, own: own, shared: shared + Self.spare)
                }
                part = longer
            }
        }
        return part.rows.isEmpty ? parts : parts + [part.rows]
    }

    /// Requests that run together; every row takes as much as the longest.
    private struct Part {
        var rows: [Int] = []
        var shared = 0
        var longest = 0

        var positions: Int { shared + rows.count * longest }

        mutating func add(_ row: Int, own: Int, shared: Int) {
            rows.append(row)
            self.shared += shared
            longest = max(longest, own)
        }
    }

    /// Positions of a request and of its longest answer.
    private func positions(_ request: PreparedRequest) -> Int {
        let length = request.prompt.length(tokensPerImage: tokensPerImage)
        let answer = min(request.sampling.maxTokens, max(0, contextLength - length))
        return length + answer + Self.spare
    }
}
