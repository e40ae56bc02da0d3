public import Checkpoints
public import JSON

extension HeadRanking {
  /// `[{"layer": 3, "head": 1, "score": 0.5}, ...]`, best first.
  public var json: JSONValue {
    .array(
      heads.map { ["layer": .integer($0.layer), "head": .integer($0.head), "score": .number($0.score)] })
  }

  /// lo-fit's `top_heads` file: int64 `[count, 2]`, rows (layer, head), best first.
  public func numpy(top count: Int? = nil) -> NPYArray {
    let chosen = heads.prefix(count ?? heads.count)
    return NPYArray(
      shape: [chosen.count, 2], elements: .int64(chosen.flatMap { [Int64($0.layer), Int64($0.head)] }))
  }

  /// Reads a ranking from `.npy` (lo-fit's rows) or JSON (ours, or a plain `[[layer, head], ...]`).
  ///
  /// A file without scores keeps its order: entries are given falling scores.
  public init(reading path: String) throws {
    let pairs: [Entry]
    if path.hasSuffix(".npy") {
      let array = try NPYArray(reading: path)
      guard array.shape.count == 2, array.shape[1] == 2, let numbers = array.integers, !numbers.isEmpty else {
        throw AdapterError.headFile(problem: "expected whole numbers of shape [K, 2], got \(array.shape)", source: path)
      }
      pairs = stride(from: 0, to: numbers.count, by: 2).map { i in
        Entry(layer: numbers[i], head: numbers[i + 1], score: Double(numbers.count - i))
      }
    } else {
      pairs = try Self.entries(JSONValue(parsing: TextFile.read(path), source: path), path)
    }
    guard pairs.allSatisfy({ $0.layer >= 0 && $0.head >= 0 }) else {
      throw AdapterError.headFile(problem: "layers and heads are counted from 0", source: path)
    }
    guard Set(pairs.map { [$0.layer, $0.head] }).count == pairs.count else {
      throw AdapterError.headFile(problem: "a head stands twice", source: path)
    }
    self.init(pairs)
  }

  private static func entries(_ value: JSONValue, _ path: String) throws -> [Entry] {
    guard let items = value.array, !items.isEmpty else {
      throw AdapterError.headFile(problem: "expected a list of heads, got \(value.kind)", source: path)
    }
    return try items.enumerated().map { i, item in
      if let pair = item.array, pair.count == 2, let layer = pair[0].int, let head = pair[1].int {
        return Entry(layer: layer, head: head, score: Double(items.count - i))
      }
      let reader = try JSONReader(item, source: "\(path), item \(i + 1)")
      return Entry(
        layer: try reader.int("layer"), head: try reader.int("head"),
        score: try reader.double(ifPresent: "score") ?? Double(items.count - i))
    }
  }
}
