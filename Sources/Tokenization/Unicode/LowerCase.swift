/// Lower case, scalar by scalar and without regard to the language or the neighbours, as Rust's `char::to_lowercase`.
enum LowerCase {
  /// The lower case of a scalar; empty where it is the scalar itself.
  static func of(_ scalar: UInt32) -> ArraySlice<UInt32> {
    let index = Int(indices[scalar])
    return index == 0 ? [] : texts[index - 1][...]
  }

  private static let texts: [[UInt32]] = entries.map(\.text)

  private static let indices: ScalarMap<UInt16> = {
    var map = ScalarMap<UInt16>()
    for (index, entry) in entries.enumerated() { map[entry.scalar] = UInt16(index + 1) }
    return map
  }()

  private static let entries: [(scalar: UInt32, text: [UInt32])] = {
    var entries: [(scalar: UInt32, text: [UInt32])] = []
    let runs = LowerCaseRuns.runs
    for i in stride(from: 0, to: runs.count, by: 4) {
      for k in 0...runs[i + 1] {
        let scalar = runs[i] + k * runs[i + 2]
        entries.append((UInt32(scalar), [UInt32(scalar + runs[i + 3])]))
      }
    }
    var long = LowerCaseRuns.long[...]
    while let scalar = long.popFirst(), let length = long.popFirst() {
      entries.append((scalar, Array(long.prefix(Int(length)))))
      long = long.dropFirst(Int(length))
    }
    return entries
  }()
}
