import Foundation
public import JSON

/// The puzzles of the three splits and the seed that made them.
public struct KinshipDataset: Sendable, Equatable {
  /// What all choices were drawn from.
  public let seed: UInt64
  /// To learn from.
  public let train: [KinshipPuzzle]
  /// To choose a checkpoint by.
  public let validation: [KinshipPuzzle]
  /// To be scored on once.
  public let test: [KinshipPuzzle]

  /// The puzzles of one split.
  public func puzzles(_ split: DatasetSplit) -> [KinshipPuzzle] {
    switch split {
    case .train: train
    case .validation: validation
    case .test: test
    }
  }

  /// One split as JSON lines.
  public func jsonLines(_ split: DatasetSplit) -> String {
    puzzles(split).map { JSONValue.object($0.record).text + "\n" }.joined()
  }

  /// Where the files come from: how to make them again.
  public var source: JSONObject {
    [
      "task": "kinship",
      "made_by": .string(
        "reft data kinship --seed \(seed) --train \(train.count) --validation \(validation.count) --test \(test.count)"),
      // A seed may exceed what JSON readers keep exactly.
      "seed": seed <= UInt64(1) << 53 ? .integer(Int(seed)) : .string(String(seed)),
      "counts": .object([
        "train": .integer(train.count), "validation": .integer(validation.count), "test": .integer(test.count),
      ]),
      "relations": .array(Relation.answers.map { .string($0.rawValue) }),
      "metric": "exact match",
    ]
  }

  /// Writes `train.jsonl`, `validation.jsonl`, `test.jsonl` and `source.json` into a folder, made where it is missing.
  ///
  /// Everything is written beside the folder first and moved into place at the end, so that a failure leaves nothing half
  /// written.
  /// - Parameter overwriting: whether files of these names may be replaced; other files of the folder always stay.
  /// - Throws: `TaskError.outputInUse` or `.unwritable`.
  public func write(to folder: String, overwriting: Bool = false) throws(TaskError) {
    let files = FileManager.default
    let target = URL(fileURLWithPath: folder, isDirectory: true)
    if !overwriting, let there = try? files.contentsOfDirectory(atPath: target.path), !there.isEmpty {
      throw .outputInUse(path: folder)
    }
    let contents =
      DatasetSplit.allCases.map { ("\($0.rawValue).jsonl", jsonLines($0)) }
      + [("source.json", JSONValue.object(source).prettyText)]
    do {
      try files.createDirectory(at: target, withIntermediateDirectories: true)
      let staging = target.appendingPathComponent(".writing-\(UUID().uuidString)", isDirectory: true)
      try files.createDirectory(at: staging, withIntermediateDirectories: false)
      defer { try? files.removeItem(at: staging) }
      for (name, text) in contents { try Data(text.utf8).write(to: staging.appendingPathComponent(name)) }
      for (name, _) in contents {
        let file = target.appendingPathComponent(name)
        if files.fileExists(atPath: file.path) { try files.removeItem(at: file) }
        try files.moveItem(at: staging.appendingPathComponent(name), to: file)
      }
    } catch {
      throw .unwritable(path: folder, reason: error.localizedDescription)
    }
  }
}
