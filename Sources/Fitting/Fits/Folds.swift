import Tasks

/// Which texts are fitted on, chosen by and tested on; a group is never split.
public struct Fold: Sendable, Equatable {
  /// Texts that probes and directions are fitted on.
  public let train: [Int]
  /// Texts by which heads and settings are chosen.
  public let validation: [Int]
  /// Texts that nothing of the fit has seen.
  public let test: [Int]

  /// A fold from its texts.
  public init(train: [Int], validation: [Int], test: [Int]) {
    self.train = train
    self.validation = validation
    self.test = test
  }

  /// Everything but the test texts: what directions and deviations are taken from in the end.
  public var development: [Int] { (train + validation).sorted() }
}

extension Fold {
  /// The folds of cross-validation by group, as ITI has them: groups in their order are cut into `count` parts of nearly one
  /// size; each part is the test set once, and of the other groups a share is drawn for validation.
  ///
  /// One fold means that nothing is tested: all groups are developed on.
  ///
  /// - Parameters:
  ///   - groups: the group of each text, from 0.
  ///   - share: of the development groups, those for validation; 0.2 in ITI.
  /// - Throws: ``FittingError/tooFew(what:needed:got:)``.
  public static func folds(
    of groups: [Int], count: Int, validation share: Double = 0.2, seed: Int
  ) throws(FittingError) -> [Fold] {
    let total = (groups.max() ?? -1) + 1
    guard count >= 1 else { throw .setting(key: "folds", expected: "at least 1", got: "\(count)") }
    guard (0..<1).contains(share) else {
      throw .setting(key: "validation", expected: "at least 0 and below 1", got: "\(share)")
    }
    guard total >= max(2, 2 * (count - 1)) else {
      throw .tooFew(what: "groups for \(count) fold(s)", needed: max(2, 2 * (count - 1)), got: total)
    }
    func texts(_ chosen: some Sequence<Int>) -> [Int] {
      let chosen = Set(chosen)
      return groups.indices.filter { chosen.contains(groups[$0]) }
    }
    // numpy's array_split: the first `total % count` parts have one more.
    var folds: [Fold] = []
    var start = 0
    for i in 0..<count {
      let size = total / count + (i < total % count ? 1 : 0)
      let tested = count == 1 ? 0..<0 : start..<start + size
      start += size
      var random = PythonRandom(seed: seed)
      let developed = (0..<total).filter { !tested.contains($0) }
      let trained = random.sample(of: developed.count, Int(Double(developed.count) * (1 - share))).map { developed[$0] }
      folds.append(
        Fold(train: texts(trained), validation: texts(Set(developed).subtracting(trained)), test: texts(tested)))
    }
    return folds
  }
}
