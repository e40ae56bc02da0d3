import Fitting
import Testing
import _TestSupport

@Suite struct FoldTests {
  private let groups = [0, 0, 1, 2, 2, 2, 3, 4, 4, 5, 6, 6]

  @Test func `each text is tested once, and no group is split`() throws {
    let folds = try Fold.folds(of: groups, count: 2, seed: 42)
    #expect(folds.flatMap(\.test).sorted() == Array(groups.indices))
    for fold in folds {
      #expect((fold.train + fold.validation + fold.test).sorted() == Array(groups.indices))
      for (a, b) in [(fold.train, fold.validation), (fold.development, fold.test)] {
        #expect(Set(a.map { groups[$0] }).isDisjoint(with: b.map { groups[$0] }))
      }
    }
    // array_split of 7 groups: 4 and 3.
    #expect(Set(folds[0].test.map { groups[$0] }) == [0, 1, 2, 3])
  }

  @Test func `one fold tests nothing, and the seed draws the validation groups`() throws {
    let one = try Fold.folds(of: groups, count: 1, seed: 1)
    #expect(one.count == 1 && one[0].test.isEmpty && one[0].development == Array(groups.indices))
    #expect(try Fold.folds(of: groups, count: 1, seed: 1) == one)
    #expect(try (2..<9).contains { try Fold.folds(of: groups, count: 1, seed: $0) != one })
    #expect(try Fold.folds(of: groups, count: 1, validation: 0, seed: 1)[0].validation.isEmpty)
  }

  @Test func `too few groups are refused`() {
    expect(FittingError.tooFew(what: "groups for 3 fold(s)", needed: 4, got: 2)) {
      _ = try Fold.folds(of: [0, 1], count: 3, seed: 1)
    }
    expect(FittingError.setting(key: "folds", expected: "at least 1", got: "0")) {
      _ = try Fold.folds(of: [0, 1], count: 0, seed: 1)
    }
  }

  @Test(arguments: [("48", 48), ("0.1", 10), ("10%", 10), ("0.001", 1), ("1", 1), ("100%", 96)])
  func `heads are a number or a share`(text: String, count: Int) throws {
    #expect(try HeadCount(text).number(of: 96) == count)
  }

  @Test(arguments: ["0", "-1", "1.5", "0.0", "110%", "many", "", "%"])
  func `a count of heads that is none is refused`(text: String) {
    expect(
      FittingError.setting(key: "heads", expected: "a number of heads, or a share such as 0.1 or 10%", got: text)
    ) { _ = try HeadCount(text) }
  }
}
