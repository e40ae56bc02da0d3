import Interventions
import Testing

/// Positions for every small prompt and every pair of counts.
struct PositionsOfPrompts {
  private static let lengths = 1...40
  private static let counts = 0...11

  private func positions(
    _ n: Int, _ first: Int, _ last: Int, _ rule: Positions.Rule, _ side: Positions.Side = .both, tied: Bool = true
  ) -> [Int] {
    Positions.ends(first: first, last: last, tied: tied).ranges(promptLength: n, side: side, rule: rule).flatMap {
      Array($0)
    }
  }

  @Test(arguments: Positions.Rule.allCases)
  func `ends are ascending, each once, inside the prompt, and as many as the rule says`(rule: Positions.Rule) {
    for n in Self.lengths {
      for p in Self.counts {
        for s in Self.counts {
          let got = positions(n, p, s, rule)
          let both = p > 0 && s > 0
          let (first, last) =
            switch rule {
            case .exact: both ? (min(p, n / 2), min(s, (n + 1) / 2)) : (min(p, n), min(s, n))
            case .pyreft: (min(p, n / 2), min(s, n / 2))
            }
          // Stated by what it means: the first tokens, then the last ones.
          #expect(got == Array(0..<first) + Array(n - last..<n), "n \(n), f\(p)+l\(s), \(rule)")
          #expect(Set(got).count == got.count && got == got.sorted() && got.allSatisfy { (0..<n).contains($0) })
        }
      }
    }
  }

  @Test func `the two rules differ on short odd prompts with both ends, and on short prompts with one`() {
    for n in Self.lengths {
      for p in Self.counts {
        for s in Self.counts {
          let differ = positions(n, p, s, .exact) != positions(n, p, s, .pyreft)
          let expected =
            switch (p, s) {
            case (0, 0): false
            case (_, 0): n < 2 * p
            case (0, _): n < 2 * s
            // The paper gives the middle token to the suffix: it must be long enough to want it. For p = s that is
            // n < p + s; unequal ends may differ on longer prompts too (f1+l5 on nine tokens).
            default: n % 2 == 1 && s > n / 2
            }
          #expect(differ == expected, "n \(n), f\(p)+l\(s)")
          if p == s, p > 0 { #expect(differ == (n % 2 == 1 && n < p + s), "n \(n), f\(p)+l\(s)") }
        }
      }
    }
  }

  @Test(arguments: Positions.Rule.allCases)
  func `the two sides of untied ends share out the positions of tied ones`(rule: Positions.Rule) {
    for n in Self.lengths {
      for p in Self.counts where p > 0 {
        for s in Self.counts where s > 0 {
          let first = positions(n, p, s, rule, .first, tied: false)
          let last = positions(n, p, s, rule, .last, tied: false)
          #expect(first + last == positions(n, p, s, rule), "n \(n), f\(p)|l\(s), \(rule)")
          #expect(Set(first).isDisjoint(with: last))
        }
      }
    }
  }

  @Test func `off by one: l1 is the true last token of the prompt, not the one before`() {
    for n in Self.lengths { #expect(positions(n, 0, 1, .exact) == [n - 1]) }
    #expect(positions(10, 0, 3, .exact) == [7, 8, 9])
  }

  @Test func `f1 is the very first token, and no sink token is put before it`() {
    for n in Self.lengths { #expect(positions(n, 1, 0, .exact) == [0]) }
    // What a short prompt lacks is not edited: nothing stands in for it, before the prompt or after.
    for n in Self.lengths { #expect(positions(n, 11, 11, .exact).count == min(n, 22)) }
    #expect(positions(3, 7, 7, .exact) == [0, 1, 2])
    #expect(positions(3, 7, 7, .pyreft) == [0, 2])
  }

  @Test func `one end alone may take the whole of a short prompt`() {
    #expect(positions(10, 7, 0, .exact) == Array(0..<7))
    #expect(positions(10, 7, 0, .pyreft) == Array(0..<5))
    #expect(positions(1, 0, 4, .exact) == [0])
    #expect(positions(1, 0, 4, .pyreft) == [])
  }

  @Test func `a prompt of one token gives it to the suffix`() {
    #expect(positions(1, 7, 7, .exact) == [0])
    #expect(positions(1, 7, 7, .exact, .last, tied: false) == [0])
    #expect(positions(1, 7, 7, .exact, .first, tied: false) == [])
  }

  @Test func `prompt and generated share out all positions`() {
    for n in 0...40 {
      #expect(Positions.prompt.ranges(promptLength: n) == [0..<n])
      #expect(Positions.generated.ranges(promptLength: n) == [n..<Int.max])
      #expect(Positions.all.ranges(promptLength: n) == [0..<Int.max])
    }
    #expect(positions(0, 3, 3, .exact) == [] && positions(0, 3, 3, .pyreft) == [])
  }

  @Test func `places count from either end of the prompt, and a short prompt lacks some`() throws {
    func chosen(_ text: String, _ n: Int) throws -> [Int] {
      let positions = try #require(Location.list(parsing: "0.block_output@\(text)").first).positions
      #expect(positions.sides == [.both])
      return positions.ranges(promptLength: n).flatMap { Array($0.clamped(to: 0..<n + 2)) }
    }
    #expect(try chosen("3", 5) == [3] && chosen("3", 3) == [])
    #expect(try chosen("-1", 5) == [4] && chosen("-6", 5) == [])
    #expect(try chosen("2..9", 5) == [2, 3, 4] && chosen("-3..-2", 5) == [2, 3] && chosen("-9..-4", 5) == [0, 1])
    #expect(try chosen("1..-2", 5) == [1, 2, 3] && chosen("1..-2", 2) == [])
    #expect(try chosen("0+-1", 1) == [0] && chosen("2+0..3", 9) == [0, 1, 2, 3])
    #expect(try chosen("f2+l2+generated", 9) == [0, 1, 7, 8, 9, 10] && chosen("l1+generated", 4) == [3, 4, 5])
    // Ends share out a short prompt in a sum as they do alone.
    #expect(try chosen("f7+l7+generated", 3) == [0, 1, 2, 3, 4])
  }

  @Test func `only untied ends have two sides`() {
    #expect(Positions.ends(first: 2, last: 3, tied: false).sides == [.first, .last])
    let single: [Positions] = [
      .all, .prompt, .generated, .ends(first: 2, last: 3, tied: true), .ends(first: 2, last: 0, tied: false),
      .ends(first: 0, last: 3, tied: false),
    ]
    for positions in single { #expect(positions.sides == [.both]) }
  }
}
