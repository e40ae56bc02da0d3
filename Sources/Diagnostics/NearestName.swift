/// Finds the name a user most likely meant.
public enum NearestName {
  /// The candidate with the smallest edit distance to `name`, if it is near enough to be a slip of the fingers.
  ///
  /// Near enough means at most a third of the longer name's letters (at least one, so that `lorefr` finds `loreft`).
  /// Case and `-`/`_` do not count. Ties go to the first candidate.
  public static func closest(to name: String, in candidates: some Sequence<String>) -> String? {
    let wanted = folded(name)
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let folded = folded(candidate)
      let distance = editDistance(wanted, folded)
      let limit = max(1, max(wanted.count, folded.count) / 3)
      if distance <= limit, distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.name
  }

  /// A remedy in one sentence: the nearest name where there is one, then the valid names.
  public static func remedy(for name: String, among candidates: some Collection<String>) -> String {
    let list = candidates.joined(separator: ", ")
    guard let near = closest(to: name, in: candidates) else { return "use one of: \(list)" }
    return "did you mean '\(near)'? The valid names are: \(list)"
  }

  private static func folded(_ name: String) -> [Character] {
    name.lowercased().map { $0 == "-" ? "_" : $0 }
  }

  /// Optimal string alignment distance: insert, delete, replace, and swap of neighbours each cost one.
  static func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    if a.isEmpty { return b.count }
    if b.isEmpty { return a.count }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i] + [Int](repeating: 0, count: b.count)
      for j in 1...b.count {
        row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { row[j] = min(row[j], beforeLast[j - 2] + 1) }
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
